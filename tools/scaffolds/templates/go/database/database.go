package main

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	//% if database == "postgres"
	"net/url"
	//% endif
	"os"
	"strings"
	"time"
	//% if database == "postgres"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	//% else

	"github.com/go-sql-driver/mysql"
	//% endif
)

//go:embed migrations/*.sql
var migrations embed.FS

// open gives the pool of connections, found by DATABASE_HOST, _PORT, _NAME, _USER and _PASSWORD. It opens none yet.
func open() (*sql.DB, error) {
	//% if database == "postgres"
	place := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(variable("DATABASE_USER", "app"), os.Getenv("DATABASE_PASSWORD")),
		Host:     net.JoinHostPort(variable("DATABASE_HOST", "localhost"), variable("DATABASE_PORT", "5432")),
		Path:     variable("DATABASE_NAME", "app"),
		RawQuery: "connect_timeout=2",
	}
	pool, err := sql.Open("pgx", place.String())
	//% else
	place := mysql.NewConfig()
	place.User = variable("DATABASE_USER", "app")
	place.Passwd = os.Getenv("DATABASE_PASSWORD")
	place.Net = "tcp"
	place.Addr = net.JoinHostPort(variable("DATABASE_HOST", "localhost"), variable("DATABASE_PORT", "3306"))
	place.DBName = variable("DATABASE_NAME", "app")
	place.Timeout = 2 * time.Second
	pool, err := sql.Open("mysql", place.FormatDSN())
	//% endif
	if err == nil {
		pool.SetMaxOpenConns(10)
		pool.SetConnMaxIdleTime(5 * time.Minute)
	}
	return pool, err
}

func store(ctx context.Context, database *sql.DB, name string) error {
	_, err := database.ExecContext(ctx, "INSERT INTO greetings (name) VALUES («placeholder»)", name)
	return err
}

// migrate brings the database up to the files in migrations/; what was done is not done again.
func migrate(ctx context.Context, database *sql.DB) error {
	if _, err := database.ExecContext(ctx,
		"CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(255) PRIMARY KEY)"); err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := migrateFile(ctx, database, strings.TrimPrefix(file, "migrations/")); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// migrateFile runs a file's statements, which end with a semicolon at a line's end, in one transaction.
func migrateFile(ctx context.Context, database *sql.DB, name string) error {
	transaction, err := database.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = transaction.Rollback() }()
	var done int
	asked := transaction.QueryRowContext(ctx,
		"SELECT count(*) FROM schema_migrations WHERE name = «placeholder»", name)
	if err := asked.Scan(&done); err != nil || done > 0 {
		return err
	}
	text, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := transaction.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := transaction.ExecContext(ctx,
		"INSERT INTO schema_migrations (name) VALUES («placeholder»)", name); err != nil {
		return err
	}
	if err := transaction.Commit(); err != nil {
		return err
	}
	slog.Info("migrated", "file", name)
	return nil
}

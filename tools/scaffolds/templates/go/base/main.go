//% if type == "web-api"
// «app» serves until SIGTERM; what is being answered then is answered.
//% elif type == "worker"
// «app» works until SIGTERM, and finishes the item in hand. Probes and metrics are served beside.
//% else
// «app» works once, and ends. SIGTERM ends it after the item in hand.
//% endif
package main

import (
	"context"
	//% if database != "none"
	"database/sql"
	//% endif
	"errors"
	//% if database != "none"
	"fmt"
	//% endif
	"log/slog"
	//% if serves
	"net"
	"net/http"
	//% endif
	"os"
	"os/signal"
	//% if serves
	"strconv"
	//% endif
	"syscall"
	//% if serves
	"time"
	//% endif
)

// application is what requests and work are done with.
type application struct {
	//% if database != "none"
	database *sql.DB
	//% endif
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		slog.Error("failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	read, err := fromEnvironment()
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: read.logLevel})))
	//% if database != "none"
	database, err := open()
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer func() { _ = database.Close() }()
	if len(arguments) == 1 && arguments[0] == "migrate" {
		return migrate(ctx, database)
	}
	app := application{database}
	//% else
	app := application{}
	//% endif
	if len(arguments) > 0 {
		return errors.New("unknown arguments")
	}
	//% if type == "cronjob"
	return runOnce(ctx, app.work)
	//% else
	//% if type == "worker"
	working := make(chan struct{})
	go func() {
		defer close(working)
		workUntil(ctx, app.work, read.interval)
	}()
	defer func() { <-working }()
	//% endif
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+strconv.Itoa(read.port))
	if err != nil {
		return err
	}
	return serve(ctx, listener, app.handler(), time.Duration(read.shutdownSeconds)*time.Second)
	//% endif
}
//% if serves

// serve answers until the context is done, and then until the last request is answered or the time is over.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, patience time.Duration) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("serving", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	slog.Info("stopping")
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return server.Shutdown(last)
}
//% endif

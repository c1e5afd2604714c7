package main

import (
	"os"
	"testing"
)

func TestItIsMigratedOnceAndWritten(t *testing.T) {
	if os.Getenv("DATABASE_HOST") == "" {
		t.Skip("DATABASE_HOST names no database")
	}
	pool, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	for range 2 {
		if err := migrate(t.Context(), pool); err != nil {
			t.Fatal(err)
		}
	}
	if err := store(t.Context(), pool, "O'Hara"); err != nil {
		t.Fatal(err)
	}
	var name string
	last := pool.QueryRowContext(t.Context(), "SELECT name FROM greetings ORDER BY id DESC LIMIT 1")
	if err := last.Scan(&name); err != nil || name != "O'Hara" {
		t.Errorf("%q, %v", name, err)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	//% if type == "worker"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	//% endif
)
//% if serves

var items = promauto.NewCounterVec(
	prometheus.CounterOpts{Name: "work_items_total", Help: "Items of work, by how they ended."}, []string{"result"})
//% endif

// toDo is what is to be done now.
func toDo() []string { return []string{"Ann", "Bob"} }

// work is an example: put your own in its place. An item may be done again, when the process ends amid it.
func (a application) work(ctx context.Context, item string) error {
	//% if database != "none"
	if err := store(ctx, a.database, item); err != nil {
		return err
	}
	//% endif
	slog.InfoContext(ctx, "greeted", "greeted", item)
	return nil
}

type doing func(ctx context.Context, item string) error

// runOnce does what is to be done, item by item, until the context is done. The item in hand is finished.
func runOnce(ctx context.Context, do doing) error {
	var failed error
	for _, item := range toDo() {
		if ctx.Err() != nil {
			slog.Info("stopped before the end")
			break
		}
		err := do(context.WithoutCancel(ctx), item)
		//% if serves
		items.WithLabelValues(map[bool]string{true: "done", false: "failed"}[err == nil]).Inc()
		//% endif
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", item, err))
		}
	}
	return failed
}
//% if type == "worker"

// workUntil works, and works again after the interval, until the context is done.
func workUntil(ctx context.Context, do doing, interval time.Duration) {
	for ctx.Err() == nil {
		if err := runOnce(ctx, do); err != nil {
			slog.Error("failed", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}
//% endif

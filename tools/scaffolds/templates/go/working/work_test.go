package main

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestAnItemThatFailsIsToldAndTheNextOneIsDone(t *testing.T) {
	var done []string
	err := runOnce(t.Context(), func(_ context.Context, item string) error {
		done = append(done, item)
		if len(done) == 1 {
			return errors.New("no")
		}
		return nil
	})
	if err == nil || !slices.Equal(done, toDo()) {
		t.Errorf("%v, %v", err, done)
	}
}

func TestItStopsBetweenTwoItems(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	done := 0
	err := runOnce(ctx, func(working context.Context, _ string) error {
		done++
		stop()
		return working.Err()
	})
	if err != nil || done != 1 {
		t.Errorf("%v, %d", err, done)
	}
}

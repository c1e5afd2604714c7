package main

import (
	"fmt"
	"log/slog"
	"os"
	//% if serves
	"strconv"
	//% endif
	//% if type == "worker"
	"time"
	//% endif
)

// config is what the environment says; a missing variable has the default that stands here.
type config struct {
	logLevel slog.Level
	//% if serves

	port            int
	shutdownSeconds int
	//% endif
	//% if type == "worker"

	interval time.Duration
	//% endif
}

func fromEnvironment() (config, error) {
	var read config
	if err := read.logLevel.UnmarshalText([]byte(variable("LOG_LEVEL", "info"))); err != nil {
		return read, fmt.Errorf("LOG_LEVEL: %w", err)
	}
	//% if serves
	var err error
	if read.port, err = strconv.Atoi(variable("PORT", "«port»")); err != nil {
		return read, fmt.Errorf("PORT: %w", err)
	}
	if read.shutdownSeconds, err = strconv.Atoi(variable("SHUTDOWN_SECONDS", "20")); err != nil {
		return read, fmt.Errorf("SHUTDOWN_SECONDS: %w", err)
	}
	//% endif
	//% if type == "worker"
	if read.interval, err = time.ParseDuration(variable("INTERVAL_SECONDS", "10") + "s"); err != nil {
		return read, fmt.Errorf("INTERVAL_SECONDS: %w", err)
	}
	//% endif
	return read, nil
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

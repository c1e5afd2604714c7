package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	requests = promauto.NewCounterVec(
		prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests that were answered."},
		[]string{"method", "path", "status"})
	seconds = promauto.NewHistogramVec(
		prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "Time to answer a request."},
		[]string{"method", "path"})
)

// handler answers the probes, the metrics and the application's own requests, and logs each.
func (a application) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, status{"ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := a.ready(ctx); err != nil {
			slog.Warn("not ready", "error", err)
			answer(w, http.StatusServiceUnavailable, status{"not ready"})
			return
		}
		answer(w, http.StatusOK, status{"ready"})
	})
	mux.Handle("GET /metrics", promhttp.Handler())
	//% if type == "web-api"
	a.api(mux)
	//% endif
	return observed(mux)
}

// ready says why no request should be sent now. Liveness depends on nothing: a restart would not mend it.
func (a application) ready(ctx context.Context) error {
	//% if database != "none"
	return a.database.PingContext(ctx)
	//% else
	return ctx.Err()
	//% endif
}

type status struct {
	Status string `json:"status"`
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Warn("the answer was not taken", "error", err)
	}
}

// observed counts, times and logs each request, by its pattern and not its path: a path may hold anything.
func observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, seen := time.Now(), &recorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(seen, r)
		path, level := r.Pattern, slog.LevelInfo
		switch path {
		case "GET /healthz", "GET /readyz", "GET /metrics":
			level = slog.LevelDebug
		case "":
			path = "unknown"
		}
		took := time.Since(began).Seconds()
		requests.WithLabelValues(r.Method, path, strconv.Itoa(seen.code)).Inc()
		seconds.WithLabelValues(r.Method, path).Observe(took)
		slog.Log(r.Context(), level, "answered", "method", r.Method, "path", path, "status", seen.code, "seconds", took)
	})
}

type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

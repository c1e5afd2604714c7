package main

import (
	//% if type == "web-api"
	"bufio"
	//% endif
	"context"
	"encoding/json"
	//% if type == "web-api"
	"fmt"
	//% endif
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

//% if database != "none"
const readiness = http.StatusServiceUnavailable

// noDatabase is a pool whose database is not there.
func noDatabase(t *testing.T) application {
	t.Setenv("DATABASE_HOST", "127.0.0.1")
	t.Setenv("DATABASE_PORT", "1")
	pool, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return application{pool}
}
//% else
const readiness = http.StatusOK

func noDatabase(*testing.T) application { return application{} }
//% endif

func asked(t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	answered := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	noDatabase(t).handler().ServeHTTP(answered, request)
	return answered
}

func TestTheProbesAndTheMetricsAnswer(t *testing.T) {
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": readiness, "/metrics": http.StatusOK} {
		if got := asked(t, http.MethodGet, path, ""); got.Code != want {
			t.Errorf("%s: %d, not %d: %s", path, got.Code, want, got.Body)
		}
	}
	if got := asked(t, http.MethodGet, "/metrics", "").Body.String(); !strings.Contains(got, `path="GET /healthz",status="200"`) {
		t.Errorf("a request is not counted: %s", got)
	}
	var said status
	if err := json.Unmarshal(asked(t, http.MethodGet, "/healthz", "").Body.Bytes(), &said); err != nil || said.Status != "ok" {
		t.Errorf("%v, %v", said, err)
	}
}

func TestItStopsWhenTheContextIsDone(t *testing.T) {
	address, stop, ended := served(t)
	response, err := http.Get("http://" + address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// served is the application on a port of its own, how to stop it, and how it ended.
func served(t *testing.T) (string, context.CancelFunc, chan error) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, app := make(chan error, 1), noDatabase(t)
	go func() { ended <- serve(ctx, listener, app.handler(), 10*time.Second) }()
	return listener.Addr().String(), stop, ended
}
//% if type == "web-api"

func TestAWrongBodyIsRefused(t *testing.T) {
	for _, body := range []string{"", "{}", `{"name": ""}`, `{"name": "` + strings.Repeat("x", 101) + `"}`} {
		if got := asked(t, http.MethodPost, "/api/v1/greetings", body); got.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", body, got.Code)
		}
	}
}

func TestARequestThatHasBegunIsAnsweredAfterTheSignal(t *testing.T) {
	address, stop, ended := served(t)
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"name": "Ann"}`
	head := "POST /api/v1/greetings HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
	if _, err := fmt.Fprintf(connection, head, len(body)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	stop()
	time.Sleep(100 * time.Millisecond)
	if _, err := connection.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	//% if database == "none"
	if response.StatusCode != http.StatusCreated {
		t.Errorf("%d", response.StatusCode)
	}
	//% else
	if response.StatusCode != http.StatusServiceUnavailable { // there is no database, and this is an answer, too
		t.Errorf("%d", response.StatusCode)
	}
	//% endif
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
//% endif

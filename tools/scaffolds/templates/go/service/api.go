package main

import (
	"encoding/json"
	//% if database != "none"
	"log/slog"
	//% endif
	"net/http"
)

const bodyLimitBytes = 1 << 20

// api is an example: put your own routes in its place.
func (a application) api(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/greetings", func(w http.ResponseWriter, r *http.Request) {
		var who struct {
			Name string `json:"name"`
		}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimitBytes)).Decode(&who)
		if err != nil || who.Name == "" || len(who.Name) > 100 {
			answer(w, http.StatusUnprocessableEntity, map[string]string{"error": "name: 1 to 100 bytes"})
			return
		}
		//% if database != "none"
		if err := store(r.Context(), a.database, who.Name); err != nil {
			slog.Error("the greeting was not stored", "error", err)
			answer(w, http.StatusServiceUnavailable, map[string]string{"error": "try again"})
			return
		}
		//% endif
		answer(w, http.StatusCreated, map[string]string{"greeting": "Hello, " + who.Name})
	})
}

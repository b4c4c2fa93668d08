package smdb

import (
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

var commandAnswers = []struct {
	text string
	want tracker.Place
	err  error
}{
	{"r17", tracker.Place{Location: "r17"}, nil},
	{"a/b/c/d", tracker.Place{Location: "a/b/c/d"}, nil},
	{"dc1/r17 web1", tracker.Place{Location: "dc1/r17", Hostname: "web1"}, nil},
	{" dc1/r17\tweb1 \r", tracker.Place{Location: "dc1/r17", Hostname: "web1"}, nil},
	{"", tracker.Place{}, ErrNotFound},
	{" ", tracker.Place{}, ErrNotFound},
	{"-", tracker.Place{}, ErrNotFound},
	{"- web1", tracker.Place{Location: "-", Hostname: "web1"}, nil},
	{"a/b/c/d/e", tracker.Place{}, ErrInvalid},
	{"dc1/", tracker.Place{}, ErrInvalid},
	{"r17: web1", tracker.Place{}, ErrInvalid},
	{"r17 " + strings.Repeat("w", 256), tracker.Place{}, ErrInvalid},
	{"r17 web\x00", tracker.Place{}, ErrInvalid},
	{"!", tracker.Place{}, errFailure},
	{"!r17", tracker.Place{}, errFailure},
	{"! database: host not found", tracker.Place{}, errFailure},
	{"r17 web1 x", tracker.Place{}, errFailure},
	{"Traceback (most recent call last):", tracker.Place{}, errFailure},
}

func TestParseCommandAnswer(t *testing.T) {
	for _, tt := range commandAnswers {
		place, err := parseCommandAnswer(tt.text)
		if place != tt.want || kind(err) != tt.err {
			t.Errorf("%q: %+v, %v; want %+v, %v", tt.text, place, err, tt.want, tt.err)
		}
		// Only a line that is no answer at all is the program's fault.
		if fault := faultIn(err) != nil; fault != (tt.err == errFailure && !strings.HasPrefix(tt.text, "!")) {
			t.Errorf("%q: fault %v", tt.text, fault)
		}
	}
}

func FuzzParseCommandAnswer(f *testing.F) {
	for _, tt := range commandAnswers {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		place, err := parseCommandAnswer(text)
		if err != nil {
			if place != (tracker.Place{}) || len(err.Error()) > 1200 || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Fatalf("%+v, %q", place, err)
			}
			return
		}
		if _, err := tracker.ParseLocation(string(place.Location)); err != nil || checkHostname(place.Hostname) != nil {
			t.Fatal(place, err)
		}
		if again := strings.TrimSpace(string(place.Location) + " " + place.Hostname); again != strings.Join(strings.Fields(text), " ") {
			t.Fatalf("%q was read of %q", again, text)
		}
	})
}

package sources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// errFailure stands in tables for any error that is no answer about a host.
var errFailure = errors.New("failure")

// kind tells which of the three kinds of error err is.
func kind(err error) error {
	for _, known := range []error{nil, smdb.ErrNotFound, smdb.ErrInvalid} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errFailure
}

var answers = []struct {
	name, body string
	want       tracker.Place
	err        error
}{
	{"a host", `{"web1": {"cabinet": "r17"}}`, tracker.Place{Location: "r17", Hostname: "web1"}, nil},
	{
		"other fields",
		`{"web1.dc": {"rack_units": [1, {"cabinet": "no"}], "owner": null, "cabinet": "A-3.b_4+x@y", "Cabinet": "r2"}}`,
		tracker.Place{Location: "A-3.b_4+x@y", Hostname: "web1.dc"},
		nil,
	},
	{"escapes", `{"web\u0031": {"cab\u0069net": "r\u0031"}}`, tracker.Place{Location: "r1", Hostname: "web1"}, nil},
	{"cabinet number", `{"a": {"cabinet": 17}}`, tracker.Place{Location: "17", Hostname: "a"}, nil},
	{"cabinet large number", `{"a": {"cabinet": 12345678901234567890123}}`, tracker.Place{Location: "12345678901234567890123", Hostname: "a"}, nil},
	{"no hostname", `{"": {"cabinet": "r1"}}`, tracker.Place{Location: "r1"}, nil},
	{"byte order mark", "\ufeff" + `{"web1": {"cabinet": "r17"}}`, tracker.Place{Location: "r17", Hostname: "web1"}, nil},
	{"byte order mark alone", "\ufeff", tracker.Place{}, errFailure},
	{"no host", ` { } `, tracker.Place{}, smdb.ErrNotFound},

	{"two hosts", `{"a": {"cabinet": "r1"}, "b": {"cabinet": "r2"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"two hosts in one rack", `{"b": {"cabinet": "r1"}, "a": {"cabinet": " r1"}}`, tracker.Place{Location: "r1", Hostname: "a"}, nil},
	{"one of two has no rack", `{"b": {"cabinet": "r1"}, "a": {"cabinet": null}}`, tracker.Place{}, smdb.ErrInvalid},
	{"one host twice in one rack", `{"a": {"cabinet": "r1"}, "a": {"cabinet": "r1"}}`, tracker.Place{Location: "r1", Hostname: "a"}, nil},
	{"one host twice", `{"a": {"cabinet": "r1"}, "a": {"cabinet": "r2"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"two cabinets", `{"a": {"cabinet": "r1", "cabinet": "r2"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"no cabinet", `{"a": {"Cabinet": "r1"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet null", `{"a": {"cabinet": null}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet fraction", `{"a": {"cabinet": 17.0}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet power", `{"a": {"cabinet": 1e3}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet true", `{"a": {"cabinet": true}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet list", `{"a": {"cabinet": ["r1"]}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet empty", `{"a": {"cabinet": ""}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet with a slash", `{"a": {"cabinet": "dc1/r1"}}`, tracker.Place{Location: "dc1%2Fr1", Hostname: "a"}, nil},
	{"cabinet with a colon", `{"a": {"cabinet": "r1:N"}}`, tracker.Place{Location: "r1%3AN", Hostname: "a"}, nil},
	{"cabinet with braces", `{"a": {"cabinet": "{r1}"}}`, tracker.Place{Location: "%7Br1%7D", Hostname: "a"}, nil},
	{"cabinet with a space", `{"a": {"cabinet": " FA 12 "}}`, tracker.Place{Location: "FA%2012", Hostname: "a"}, nil},
	{"cabinet with a percent sign", `{"a": {"cabinet": "50%2F"}}`, tracker.Place{Location: "50%252F", Hostname: "a"}, nil},
	{"cabinet of blanks", `{"a": {"cabinet": " "}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet half of a surrogate", `{"a": {"cabinet": "r\ud800"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet with NUL", `{"a": {"cabinet": "r1\u0000"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"cabinet not UTF-8", "{\"a\": {\"cabinet\": \"r\xff\"}}", tracker.Place{}, smdb.ErrInvalid},
	{"cabinet too long", `{"a": {"cabinet": "` + strings.Repeat("r", 65) + `"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"record null", `{"a": null}`, tracker.Place{}, smdb.ErrInvalid},
	{"record a string", `{"a": "r1"}`, tracker.Place{}, smdb.ErrInvalid},
	{"record a list", `{"a": [{"cabinet": "r1"}]}`, tracker.Place{}, smdb.ErrInvalid},
	{"hostname of control bytes", `{"a\n": {"cabinet": "r1"}}`, tracker.Place{}, smdb.ErrInvalid},
	{"hostname too long", `{"` + strings.Repeat("a", 256) + `": {"cabinet": "r1"}}`, tracker.Place{}, smdb.ErrInvalid},

	{"nothing", ``, tracker.Place{}, errFailure},
	{"null", `null`, tracker.Place{}, errFailure},
	{"a list", `[{"a": {"cabinet": "r1"}}]`, tracker.Place{}, errFailure},
	{"a string", `"r1"`, tracker.Place{}, errFailure},
	{"a number", `1e999999`, tracker.Place{}, errFailure},
	{"a page", `<html><body>Bad gateway</body></html>`, tracker.Place{}, errFailure},
	{"cut short", `{"a": {"cabinet": "r1"}`, tracker.Place{}, errFailure},
	{"more behind it", `{"a": {"cabinet": "r1"}} {}`, tracker.Place{}, errFailure},
	{"nested deep", strings.Repeat(`{"a":`, 12000), tracker.Place{}, errFailure},
	{"nested deep and closed", strings.Repeat(`{"a":`, 12000) + "1" + strings.Repeat("}", 12000), tracker.Place{}, errFailure},
}

func TestParseAnswer(t *testing.T) {
	for _, tt := range answers {
		place, err := parseAnswer([]byte(tt.body), []string{"cabinet"})
		if place != tt.want || kind(err) != tt.err {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, place, err, tt.want, tt.err)
		}
	}
}

// Several fields make a path, and one that is missing is named.
func TestParseAnswerWithFields(t *testing.T) {
	fields := []string{"datacenter", "row", "cabinet"}
	for _, tt := range []struct {
		body string
		want tracker.Location
		text string
	}{
		{`{"a": {"cabinet": "r1", "row": 3, "datacenter": "dc1"}}`, "dc1/3/r1", ""},
		{`{"a": {"cabinet": "r1", "datacenter": "dc1"}}`, "", "its row: is missing"},
		{`{"a": {"cabinet": "r1", "row": null, "datacenter": "dc1"}}`, "", "its row: null is no name"},
		{`{"a": {"cabinet": "r1", "row": "", "datacenter": "dc1"}}`, "", "its row: \"\" has a group without a name"},
		{`{"a": {"cabinet": "r1", "row": "3/4", "datacenter": "dc 1"}}`, "dc%201/3%2F4/r1", ""},
		{`{"a": {"cabinet": "r1", "row": 1, "row": 2, "datacenter": "dc1"}}`, "", "its row: is there 2 times"},
	} {
		place, err := parseAnswer([]byte(tt.body), fields)
		if err == nil {
			if place.Location != tt.want {
				t.Errorf("%s: %s, want %s", tt.body, place.Location, tt.want)
			}
		} else if tt.text == "" || !errors.Is(err, smdb.ErrInvalid) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want %q", tt.body, err, tt.text)
		}
	}
}

// Whatever is accepted is a valid rack that all hosts of the answer are in.
func FuzzParseAnswer(f *testing.F) {
	for _, tt := range answers {
		if len(tt.body) < 1000 { // long ones are only slow to vary
			f.Add([]byte(tt.body))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		place, err := parseAnswer(body, []string{"cabinet"})
		if err != nil {
			if place != (tracker.Place{}) {
				t.Fatalf("%+v with %v", place, err)
			}
			return
		}
		if _, err := tracker.ReadLocation(string(place.Location)); err != nil {
			t.Fatal(err)
		}
		if len(place.Location.Groups()) != 1 {
			t.Fatalf("more than a rack: %s", place.Location)
		}
		var hosts map[string]map[string]any
		dec := json.NewDecoder(bytes.NewReader(withoutBOM(body)))
		dec.UseNumber()
		if err := dec.Decode(&hosts); err != nil {
			t.Fatalf("accepted what is not the documented shape: %v", err)
		}
		if hosts[place.Hostname] == nil {
			t.Fatalf("%+v is not what %s says", place, body)
		}
		for name, host := range hosts {
			location, err := tracker.NewLocation(fmt.Sprint(host["cabinet"]))
			if err != nil || location != place.Location || name != "" && name < place.Hostname {
				t.Fatalf("%+v is not what %s says of %q", place, body, name)
			}
		}
	})
}

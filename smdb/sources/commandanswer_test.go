package sources

import (
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

var commandAnswers = []struct {
	text string
	want tracker.Place
	err  error
}{
	{"r17", tracker.Place{Location: "r17"}, nil},
	{"a/b/c/d", tracker.Place{Location: "a/b/c/d"}, nil},
	{"dc1/r17\tweb1", tracker.Place{Location: "dc1/r17", Hostname: "web1"}, nil},
	{"DC1:R17/Käfig-3\t", tracker.Place{Location: "DC1%3AR17/K%C3%A4fig-3"}, nil},
	{"\ufeffr17", tracker.Place{Location: "r17"}, nil},
	{"FA 12\t", tracker.Place{Location: "FA%2012"}, nil},
	{"dc 1/A%2F12\tweb1", tracker.Place{Location: "dc%201/A%2F12", Hostname: "web1"}, nil},
	{"FA 12", tracker.Place{}, smdb.ErrInvalid},
	{"\t", tracker.Place{}, smdb.ErrInvalid},
	{"\tweb1", tracker.Place{}, smdb.ErrInvalid},
	{" dc1/r17\tweb1 \r", tracker.Place{Location: "dc1/r17", Hostname: "web1"}, nil},
	{"", tracker.Place{}, smdb.ErrNotFound},
	{" ", tracker.Place{}, smdb.ErrNotFound},
	{"-", tracker.Place{}, smdb.ErrNotFound},
	{"-\tweb1", tracker.Place{Location: "-", Hostname: "web1"}, nil},
	{"a/b/c/d/e", tracker.Place{}, smdb.ErrInvalid},
	{"dc1/", tracker.Place{}, smdb.ErrInvalid},
	{"r17 web1", tracker.Place{}, smdb.ErrInvalid},
	{"r17\t" + strings.Repeat("w", 256), tracker.Place{}, smdb.ErrInvalid},
	{"r17\tweb\x00", tracker.Place{}, smdb.ErrInvalid},
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
		if fault := faultIn(err) != nil; fault != (tt.err == errFailure && !strings.HasPrefix(strings.TrimSpace(tt.text), "!")) {
			t.Errorf("%q: fault %v", tt.text, fault)
		}
	}
}

func FuzzParseCommandAnswer(f *testing.F) {
	for _, tt := range commandAnswers {
		f.Add(tt.text)
	}
	f.Add(" !")
	f.Fuzz(func(t *testing.T, text string) {
		place, err := parseCommandAnswer(text)
		if err != nil {
			if place != (tracker.Place{}) || len(err.Error()) > 1200 || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Fatalf("%+v, %q", place, err)
			}
			return
		}
		if _, err := tracker.ReadLocation(string(place.Location)); err != nil || checkHostname(place.Hostname) != nil {
			t.Fatal(place, err)
		}
		if again, err := parseCommandAnswer(place.Location.String() + "\t" + place.Hostname); again != place || err != nil {
			t.Fatalf("%+v, %v of what was read of %q", again, err, text)
		}
	})
}

package tracker

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// readingStore knows some info hashes, and registers others if it is told to.
type readingStore struct {
	active []InfoHash
	ended  InfoHash
	asked  int
}

func (s *readingStore) Announce(_ context.Context, a Announce) (Handout, error) {
	s.asked++
	if a.InfoHash == s.ended {
		return Handout{}, errors.New("ended")
	}
	if a.AutoRegister && !slices.Contains(s.active, a.InfoHash) {
		s.active = append(s.active, a.InfoHash)
	}
	if !slices.Contains(s.active, a.InfoHash) {
		return Handout{}, nil
	}
	return Handout{Active: true, Complete: int(a.InfoHash[0])}, nil
}

func (*readingStore) Scrape(context.Context, []InfoHash) ([]ScrapeEntry, error) { return nil, nil }

// Of an info hash with a plus the reading that is known counts, and nothing is registered
// under the other.
func TestReadingsOfAnInfoHash(t *testing.T) {
	plus, blank := InfoHash{'+'}, InfoHash{' '}
	for _, test := range []struct {
		name     string
		active   []InfoHash
		ended    InfoHash
		register bool
		sent     AnnounceRequest
		want     InfoHash // whose handout it is, if any
		asked    int
		fails    bool
	}{
		{name: "none known", sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, asked: 2},
		{name: "plus known", active: []InfoHash{plus, blank}, sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, want: plus, asked: 1},
		{name: "blank known", active: []InfoHash{blank}, sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, want: blank, asked: 2},
		{name: "no other reading", active: []InfoHash{blank, {}}, sent: AnnounceRequest{InfoHash: plus}, asked: 1},
		{name: "plus ended", ended: plus, sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, asked: 1, fails: true},
		{name: "blank ended", ended: blank, register: true, sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, asked: 2, fails: true},
		{name: "blank known, registering", active: []InfoHash{blank}, register: true, sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, want: blank, asked: 2},
		{name: "none known, registering", register: true, sent: AnnounceRequest{InfoHash: plus, WithBlanks: blank}, want: plus, asked: 3},
		{name: "no other reading, registering", register: true, sent: AnnounceRequest{InfoHash: plus}, want: plus, asked: 1},
	} {
		store := &readingStore{active: test.active, ended: test.ended}
		rules := rules
		rules.AutoRegister = test.register
		test.sent.Addr = request.Addr
		resp, err := New(store, fakeLocator{}, nil, rules, intervals).Announce(context.Background(), test.sent)
		if (err != nil) != test.fails || resp.Complete != int(test.want[0]) || store.asked != test.asked {
			t.Errorf("%s: %+v, %v, asked %d times", test.name, resp, err, store.asked)
		}
		if len(store.active) > 1 && len(test.active) < 2 {
			t.Errorf("%s: %v are active", test.name, store.active)
		}
	}
}

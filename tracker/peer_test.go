package tracker

import (
	"context"
	"testing"
)

func TestPlainKey(t *testing.T) {
	for _, test := range []struct{ id, key, want string }{
		{"-TR3000-9ny7fny9kmnx", "7185a534", "7185a534"},
		{"-LT2080-le0BR5aEmEw_", "FE3FCFEA", "fe3fcfea"},
		{"-LT2080-le0BR5aEmEw_", "FE3FCFEG", "FE3FCFEG"},
		{"-LT2080-le0BR5aEmEw_", "FE3FCFE", "FE3FCFE"},
		{"-LT2080-le0BR5aEmEw_", "", ""},
		{"A2-1-36-0-a\xc9\x9a\xe6P\x9e\xf2.X ", "\x9a\xe6P\x9e\xf2.X ", ""},
		{"A2-1-36-0-a\xc9\x9a\xe6P\x9e\xf2.X ", "2bb01415", ""},
	} {
		if got := PlainKey(PeerID([]byte(test.id)), test.key); got != test.want {
			t.Errorf("%q of %q: %q, want %q", test.key, test.id, got, test.want)
		}
	}
}

// The store is told the same of a host over HTTP and over UDP.
func TestAnnounceHasAPlainKey(t *testing.T) {
	for _, key := range []string{"FE3FCFEA", "fe3fcfea"} {
		store := &fakeStore{}
		req := request
		req.Key = key
		if _, err := New(store, fakeLocator{}, nil, rules, intervals).Announce(context.Background(), req); err != nil {
			t.Fatal(err)
		}
		if store.asked.Key != "fe3fcfea" {
			t.Errorf("the store was told the key %q", store.asked.Key)
		}
	}
}

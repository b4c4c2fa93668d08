package sources

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// What no good DNS server does. Whatever it is, a host is never taken for
// unknown unless a server says so.

// answering replies with these records, as a zone file has them.
func answering(records ...string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, query *dns.Msg) { w.WriteMsg(replyTo(query, records...)) }
}

func replyTo(query *dns.Msg, records ...string) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	for _, text := range records {
		record, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		reply.Answer = append(reply.Answer, record)
	}
	return reply
}

// rcode replies with no more than a code.
func rcode(code int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, query *dns.Msg) { w.WriteMsg(new(dns.Msg).SetRcode(query, code)) }
}

// spoilt replies with a good answer after the test has spoilt it.
func spoilt(spoil func(reply *dns.Msg)) dns.HandlerFunc {
	return func(w dns.ResponseWriter, query *dns.Msg) {
		reply := replyTo(query, goodTXT)
		spoil(reply)
		w.WriteMsg(reply)
	}
}

// cut replies with the packet of a good answer, without its last n bytes.
func cut(n int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, query *dns.Msg) {
		packet, err := replyTo(query, goodTXT).Pack()
		if err != nil {
			panic(err)
		}
		w.Write(packet[:len(packet)-n])
	}
}

func silent(dns.ResponseWriter, *dns.Msg) {}

const (
	goodTXT = `17.4.1.10.in-addr.arpa. 60 IN TXT "rack=r17"`
	nsOnly  = `4.1.10.in-addr.arpa. 60 IN NS ns.example.`
	soaOnly = `4.1.10.in-addr.arpa. 60 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60`
)

// authority puts records behind an answer that is empty.
func authority(records ...string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, query *dns.Msg) {
		reply := replyTo(query, records...)
		reply.Ns, reply.Answer = reply.Answer, nil
		w.WriteMsg(reply)
	}
}

var replies = []struct {
	name    string
	handler dns.HandlerFunc
	err     error
	text    string
}{
	{"an answer", answering(goodTXT), nil, ""},
	{"another case", answering(`17.4.1.10.IN-ADDR.ARPA. 60 IN TXT "rack=r17"`), nil, ""},
	{"among others", answering(`17.4.1.10.in-addr.arpa. 60 IN PTR web17.example.`, goodTXT), nil, ""},
	{"aliases in any order", answering(
		`b.example. 60 IN CNAME c.example.`, `c.example. 60 IN TXT "rack=r17"`, `17.4.1.10.in-addr.arpa. 60 IN CNAME b.example.`,
	), nil, ""},
	{"an alias to ask on for", func(w dns.ResponseWriter, query *dns.Msg) {
		if query.Question[0].Name == "b.example." {
			answering(`b.example. 60 IN TXT "rack=r17"`)(w, query)
			return
		}
		answering(`17.4.1.10.in-addr.arpa. 60 IN CNAME b.example.`)(w, query)
	}, nil, ""},

	{"no such name", rcode(dns.RcodeNameError), smdb.ErrNotFound, "no TXT record at 17.4.1.10.in-addr.arpa."},
	{"nothing", answering(), smdb.ErrNotFound, "no TXT"},
	{"nothing in this zone", authority(soaOnly), smdb.ErrNotFound, "no TXT"},
	{"nothing in this zone, of these servers", authority(soaOnly, nsOnly), smdb.ErrNotFound, "no TXT"},
	{"another host's", answering(`18.4.1.10.in-addr.arpa. 60 IN TXT "rack=r18"`), smdb.ErrNotFound, "no TXT"},
	{"another class", answering(`17.4.1.10.in-addr.arpa. 60 CH TXT "rack=r17"`), smdb.ErrNotFound, "no TXT"},

	{"an alias of itself", answering(`17.4.1.10.in-addr.arpa. 60 IN CNAME 17.4.1.10.in-addr.arpa.`), smdb.ErrInvalid, "aliases"},
	{"aliases without end", func(w dns.ResponseWriter, query *dns.Msg) {
		answering(query.Question[0].Name+" 60 IN CNAME x."+query.Question[0].Name)(w, query)
	}, smdb.ErrInvalid, "aliases"},

	{"SERVFAIL", rcode(dns.RcodeServerFailure), errFailure, "SERVFAIL"},
	{"REFUSED", rcode(dns.RcodeRefused), errFailure, "REFUSED"},
	{"FORMERR", rcode(dns.RcodeFormatError), errFailure, "FORMERR"},
	{"NOTIMP", rcode(dns.RcodeNotImplemented), errFailure, "NOTIMP"},
	{"SERVFAIL with an answer", spoilt(func(r *dns.Msg) { r.Rcode = dns.RcodeServerFailure }), errFailure, "SERVFAIL"},
	{"a code that nobody knows", rcode(15), errFailure, "(15)"},
	{"a referral", authority(nsOnly), errFailure, "recurse"},
	{"wrong id", spoilt(func(r *dns.Msg) { r.Id++ }), errFailure, "another query"},
	{"a query", spoilt(func(r *dns.Msg) { r.Response = false }), errFailure, "another query"},
	{"another operation", spoilt(func(r *dns.Msg) { r.Opcode = dns.OpcodeNotify }), errFailure, "another query"},
	{"wrong name", spoilt(func(r *dns.Msg) { r.Question[0].Name = "18.4.1.10.in-addr.arpa." }), errFailure, "another question"},
	{"wrong type", spoilt(func(r *dns.Msg) { r.Question[0].Qtype = dns.TypeA }), errFailure, "another question"},
	{"wrong class", spoilt(func(r *dns.Msg) { r.Question[0].Qclass = dns.ClassCHAOS }), errFailure, "another question"},
	{"no question", spoilt(func(r *dns.Msg) { r.Question = nil }), errFailure, "another question"},
	{"wrong question, no such name", spoilt(func(r *dns.Msg) {
		r.Question[0].Name, r.Answer, r.Rcode = "18.4.1.10.in-addr.arpa.", nil, dns.RcodeNameError
	}), errFailure, "another question"},
	{"garbage", func(w dns.ResponseWriter, _ *dns.Msg) { w.Write([]byte("<html>no DNS here</html>")) }, errFailure, "another query"},
	{"a few bytes", func(w dns.ResponseWriter, _ *dns.Msg) { w.Write([]byte("what?")) }, errFailure, "short read"},
	{"an empty packet", func(w dns.ResponseWriter, _ *dns.Msg) { w.Write(nil) }, errFailure, "short read"},
	{"cut within a record", cut(3), errFailure, "malformed"},
	{"cut before the record", func(w dns.ResponseWriter, query *dns.Msg) {
		packet, _ := replyTo(query).Pack()
		packet[7] = 1 // the number of answers
		w.Write(packet)
	}, errFailure, "malformed"},
	{"a header alone", func(w dns.ResponseWriter, query *dns.Msg) {
		packet, _ := replyTo(query, goodTXT).Pack()
		w.Write(packet[:12])
	}, errFailure, "malformed"},
	{"a record without data", spoilt(func(r *dns.Msg) {
		r.Answer[0] = &dns.ANY{Hdr: *r.Answer[0].Header()}
	}), errFailure, "malformed"},
	{"cut short for ever", spoilt(func(r *dns.Msg) { r.Truncated, r.Answer = true, nil }), errFailure, "TCP"},
}

// Each reply is one of the three kinds of error, and a chain asks its next source
// after smdb.ErrNotFound alone.
func TestReplies(t *testing.T) {
	for _, tt := range replies {
		server := serveDNS(t, tt.handler)
		all, _ := openDNS(t, "dns-txt", server, longTimeout).Explain(t.Context(), hostOf(17))
		said := all[0]
		want := tracker.Place{Location: "r17"}
		if tt.err != nil {
			want = tracker.Place{}
		}
		if said.Place != want || kind(said.Err) != tt.err || said.Err != nil && !strings.Contains(said.Err.Error(), tt.text) {
			t.Errorf("%s: %+v; want %+v, %v with %q", tt.name, said, want, tt.err, tt.text)
		}
		next, err := openDNS(t, "dns-txt,subnet", server, longTimeout).Locate(t.Context(), hostOf(17))
		if fell := next.Location == "10.1.4.0_24"; fell != (tt.err == smdb.ErrNotFound) {
			t.Errorf("%s: the chain says %+v, %v", tt.name, next, err)
		}
	}
}

// A server that says nothing, over UDP or TCP, is no answer either.
func TestSilence(t *testing.T) {
	for name, handler := range map[string]dns.HandlerFunc{
		"silent": silent,
		"silent over TCP": func(w dns.ResponseWriter, query *dns.Msg) {
			if w.LocalAddr().Network() == "udp" {
				reply := new(dns.Msg).SetReply(query)
				reply.Truncated = true
				w.WriteMsg(reply)
			}
		},
	} {
		server := serveDNS(t, handler)
		for _, location := range []string{"dns-txt", "dns-txt,subnet", "dns-loc,subnet"} {
			place, err := openDNS(t, location, server, shortTimeout).Locate(t.Context(), hostOf(17))
			if kind(err) != errFailure {
				t.Errorf("%s, %s: %+v, %v", name, location, place, err)
			}
		}
	}
	nobody := freeDNSPort(t)
	if place, err := openDNS(t, "dns-txt,subnet", nobody, longTimeout).Locate(t.Context(), hostOf(17)); kind(err) != errFailure {
		t.Errorf("nobody: %+v, %v", place, err)
	}
}

// A reply cut short is asked for again over TCP, even if it is cut within a
// record.
func TestTCP(t *testing.T) {
	for name, short := range map[string]func(w dns.ResponseWriter, reply *dns.Msg){
		"empty": func(w dns.ResponseWriter, reply *dns.Msg) { reply.Answer = nil; w.WriteMsg(reply) },
		"cut": func(w dns.ResponseWriter, reply *dns.Msg) {
			packet, _ := reply.Pack()
			w.Write(packet[:len(packet)-3])
		},
	} {
		server := serveDNS(t, func(w dns.ResponseWriter, query *dns.Msg) {
			reply := replyTo(query, goodTXT)
			if w.LocalAddr().Network() == "udp" {
				reply.Truncated = true
				short(w, reply)
				return
			}
			w.WriteMsg(reply)
		})
		place, err := openDNS(t, "dns-txt", server, longTimeout).Locate(t.Context(), hostOf(17))
		if err != nil || place.Location != "r17" {
			t.Errorf("%s: %+v, %v", name, place, err)
		}
	}
}

// Servers that do not answer, or cannot, cost their part of the time; the next
// one is asked, and whoever lost a packet is asked once more.
func TestNextServer(t *testing.T) {
	good := serveDNS(t, answering(goodTXT))
	var queries atomic.Int64
	lossy := serveDNS(t, func(w dns.ResponseWriter, query *dns.Msg) {
		if queries.Add(1) > 1 {
			answering(goodTXT)(w, query)
		}
	})
	const timeout = 4 * time.Second // a hanging server has a quarter or a half of it
	for name, servers := range map[string]string{
		"silent":   serveDNS(t, silent) + "," + good,
		"nobody":   freeDNSPort(t) + "," + good,
		"SERVFAIL": serveDNS(t, rcode(dns.RcodeServerFailure)) + "," + good,
		"garbage":  serveDNS(t, cut(3)) + "," + good,
		"lossy":    lossy,
	} {
		place, err := openDNS(t, "dns-txt", servers, timeout).Locate(t.Context(), hostOf(17))
		if err != nil || place.Location != "r17" {
			t.Errorf("%s: %+v, %v", name, place, err)
		}
	}

	// That a host is not there is an answer: nobody else is asked.
	servers := serveDNS(t, rcode(dns.RcodeNameError)) + "," + good
	if _, err := openDNS(t, "dns-txt", servers, longTimeout).Locate(t.Context(), hostOf(17)); kind(err) != smdb.ErrNotFound {
		t.Errorf("NXDOMAIN: %v", err)
	}
}

// Whatever a packet holds, what is accepted is the whole reply to the question,
// and what is found in it is a valid location.
func FuzzParseReply(f *testing.F) {
	queries := []*dns.Msg{
		new(dns.Msg).SetQuestion("17.4.1.10.in-addr.arpa.", dns.TypeTXT),
		new(dns.Msg).SetQuestion("web17.example.", dns.TypeLOC),
	}
	for i, records := range [][]string{
		{goodTXT, `17.4.1.10.in-addr.arpa. 60 IN TXT "dc1/" "r17"`},
		{"web17.example. 60 IN CNAME b.example.", "b.example. 60 IN LOC 52 31 12.000 N 13 24 18.000 E 34m"},
	} {
		queries[i].Id = 0
		packet, err := replyTo(queries[i], records...).Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packet)
	}
	grid, err := newGrid(100)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) < 12 {
			return // ReadMsgHeader refuses it
		}
		for _, query := range queries {
			reply, err := parseReply(packet, query)
			if err != nil || reply.Truncated {
				continue
			}
			if reply.Id != query.Id || len(reply.Question) != 1 || len(reply.Answer) != int(packet[6])<<8+int(packet[7]) {
				t.Fatalf("accepted %v", reply)
			}
			asked := query.Question[0]
			records, _, err := follow(reply.Answer, asked.Name, asked.Qtype)
			if err != nil || len(records) == 0 {
				continue
			}
			place, err := (&dnsLOC{grid: grid}).placeOf(records)
			location := place.Location
			if asked.Qtype == dns.TypeTXT {
				location, err = parseTXT(textsOf(records))
			}
			if _, invalid := tracker.ReadLocation(string(location)); err == nil && invalid != nil {
				t.Fatalf("%v: %v", records, invalid)
			}
		}
	})
}

func TestHostNames(t *testing.T) {
	const owner = "17.4.1.10.in-addr.arpa. 60 IN PTR "
	for _, tt := range []struct {
		name    string
		records []string
		want    string
		err     error
	}{
		{"one", []string{owner + "web17.example."}, "web17.example", nil},
		{"capitals", []string{owner + "WEB17.Example."}, "web17.example", nil},
		{"one in two cases", []string{owner + "WEB17.example.", owner + "web17.Example."}, "web17.example", nil},
		{"none", nil, "", smdb.ErrNotFound},
		{"two", []string{owner + "www.example.", owner + "web17.example."}, "web17.example www.example", nil},
		{"one of two is none", []string{owner + "web17.example.", owner + "."}, "", smdb.ErrInvalid},
		{"the root", []string{owner + "."}, "", smdb.ErrInvalid},
		{"a blank", []string{owner + `web\03217.example.`}, "", smdb.ErrInvalid},
		{"a dot in a label", []string{owner + `web\.17.example.`}, "", smdb.ErrInvalid},
		{"no ASCII", []string{owner + `w\195\164b17.example.`}, "", smdb.ErrInvalid},
	} {
		resolver := &resolver{servers: []string{serveDNS(t, answering(tt.records...))}}
		names, err := resolver.hostNames(t.Context(), hostOf(17))
		if strings.Join(names, " ") != tt.want || kind(err) != tt.err {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, names, err, tt.want, tt.err)
		}
	}
}

// Every question has another id and comes from another port, so that nobody who
// does not see them can answer in the server's place.
func TestQuestionsAreUnforeseeable(t *testing.T) {
	var mu sync.Mutex
	ids, ports := map[uint16]bool{}, map[string]bool{}
	server := serveDNS(t, func(w dns.ResponseWriter, query *dns.Msg) {
		mu.Lock()
		defer mu.Unlock()
		ids[query.Id], ports[w.RemoteAddr().String()] = true, true
		answering(goodTXT)(w, query)
	})
	chain := openDNS(t, "dns-txt", server, longTimeout)
	for range 20 {
		if _, err := chain.Locate(t.Context(), hostOf(17)); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) < 15 || len(ports) < 15 {
		t.Errorf("20 questions with %d ids from %d ports", len(ids), len(ports))
	}
}

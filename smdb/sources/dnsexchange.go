package sources

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// dnsMaxTime bounds a question without a deadline: LOCATION_TIMEOUT is 60 s at most.
	dnsMaxTime = time.Minute
	// dnsUDPSize is how many bytes a reply over UDP may have without being cut into fragments
	// (DNS flag day 2020).
	dnsUDPSize = 1232
)

// tryServer asks one server one question, over TCP if the reply is too large for UDP. A reply
// that does not answer it is an error.
func tryServer(ctx context.Context, timeout time.Duration, server, name string, rrtype uint16) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	query := new(dns.Msg).SetQuestion(name, rrtype) // with a random id
	query.SetEdns0(dnsUDPSize, false)
	reply, err := exchange(ctx, "udp", server, query)
	if err == nil && reply.Truncated {
		reply, err = exchange(ctx, "tcp", server, query)
	}
	if err != nil {
		return nil, err
	}
	return reply, checkAnswer(reply)
}

// exchange sends a query from a port of its own and reads the reply.
func exchange(ctx context.Context, network, server string, query *dns.Msg) (*dns.Msg, error) {
	client := dns.Client{Net: network, Timeout: dnsMaxTime} // the context's deadline is sooner
	conn, err := client.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.UDPSize = dnsUDPSize
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // fails only for a closed connection
	}
	if err := conn.WriteMsg(query); err != nil {
		return nil, err
	}
	packet, err := conn.ReadMsgHeader(nil)
	if err != nil {
		return nil, err
	}
	return parseReply(packet, query)
}

// parseReply reads a reply to this query. It may be truncated, but not be an error.
func parseReply(packet []byte, query *dns.Msg) (*dns.Msg, error) {
	reply := new(dns.Msg)
	err := reply.Unpack(packet)
	switch {
	case reply.Id != query.Id || !reply.Response || reply.Opcode != query.Opcode:
		return nil, errors.New("the reply is to another query")
	case reply.Truncated:
		return reply, nil // its records may be incomplete
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("the server says %s (%d)", dns.RcodeToString[reply.Rcode], reply.Rcode)
	case err != nil:
		return nil, fmt.Errorf("malformed reply: %w", err)
	case !complete(reply, packet):
		return nil, errors.New("malformed reply: it has not the records that it announces")
	case len(reply.Question) != 1 || !sameQuestion(reply.Question[0], query.Question[0]):
		return nil, errors.New("the reply is to another question")
	}
	return reply, nil
}

// complete says whether a reply has all records that its header counts (RFC 1035, 4.1.1).
// Msg.Unpack takes a packet that ends between two records for a shorter reply: without its
// records a host would count as unknown.
func complete(reply *dns.Msg, packet []byte) bool {
	sections := []int{len(reply.Question), len(reply.Answer), len(reply.Ns), len(reply.Extra)}
	for i, n := range sections {
		if int(binary.BigEndian.Uint16(packet[4+2*i:])) != n {
			return false
		}
	}
	return !slices.ContainsFunc(reply.Answer, func(record dns.RR) bool { return record.Header().Rdlength == 0 })
}

func sameQuestion(a, b dns.Question) bool {
	return strings.EqualFold(a.Name, b.Name) && a.Qtype == b.Qtype && a.Qclass == b.Qclass
}

// checkAnswer refuses two replies that say neither that there are records nor that there are
// none: one that is truncated over TCP too, and the referral to other servers (RFC 2308, 2.2)
// of a server that does not recurse.
func checkAnswer(reply *dns.Msg) error {
	if reply.Truncated {
		return errors.New("the reply is cut short over TCP too")
	}
	is := func(rrtype uint16) func(dns.RR) bool {
		return func(record dns.RR) bool { return record.Header().Rrtype == rrtype }
	}
	if len(reply.Answer) == 0 && !reply.Authoritative && reply.Rcode == dns.RcodeSuccess &&
		slices.ContainsFunc(reply.Ns, is(dns.TypeNS)) && !slices.ContainsFunc(reply.Ns, is(dns.TypeSOA)) {
		return errors.New("the server only names other servers, it does not recurse")
	}
	return nil
}

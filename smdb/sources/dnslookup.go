package sources

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
)

const (
	// dnsTries is how often each server is asked, since UDP loses packets; resolv.conf(5) has
	// the same default for "attempts".
	dnsTries = 2
	// maxAliases is how many CNAMEs may lead from a name to its records. A classless delegation
	// (RFC 2317) has one.
	maxAliases = 8
)

// lookup returns the records of one type that a name has, at least one, and follows CNAMEs. A
// name that does not exist, or has no such record, is smdb.ErrNotFound. Too many aliases are
// smdb.ErrInvalid. Any other error means that no server could answer.
func (r *resolver) lookup(ctx context.Context, name string, rrtype uint16) ([]dns.RR, error) {
	name = dns.Fqdn(name)
	for range maxAliases {
		reply, err := r.ask(ctx, name, rrtype)
		if err != nil {
			return nil, err
		}
		records, end, err := follow(reply.Answer, name, rrtype)
		switch {
		case err != nil:
			return nil, err
		case len(records) > 0:
			return records, nil
		case strings.EqualFold(end, name):
			return nil, fmt.Errorf("%w: no %s record at %s", smdb.ErrNotFound, dns.TypeToString[rrtype], end)
		}
		name = end // a server that does not recurse leaves the next question to us
	}
	return nil, tooManyAliases(name)
}

func tooManyAliases(name string) error {
	return fmt.Errorf("%w: %s is behind more than %d aliases", smdb.ErrInvalid, name, maxAliases)
}

// follow follows the CNAMEs of an answer. It returns the records that it finds, and the name at
// which it ended.
func follow(answer []dns.RR, name string, rrtype uint16) (records []dns.RR, end string, err error) {
	for range maxAliases {
		alias := ""
		for _, record := range answer {
			header := record.Header()
			if header.Class != dns.ClassINET || !strings.EqualFold(header.Name, name) {
				continue
			}
			if header.Rrtype == rrtype {
				records = append(records, record)
			} else if cname, ok := record.(*dns.CNAME); ok {
				alias = cname.Target
			}
		}
		if len(records) > 0 || alias == "" {
			return records, name, nil
		}
		name = alias
	}
	return nil, "", tooManyAliases(name)
}

// ask returns the first reply that is an answer. The servers are tried in their order, and then
// once more. Each try gets an equal part of the remaining time, so that the last one has as much
// as the first.
func (r *resolver) ask(ctx context.Context, name string, rrtype uint16) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsMaxTime)
	defer cancel()
	deadline, _ := ctx.Deadline()
	var failure error
	for left := dnsTries * len(r.servers); left > 0 && ctx.Err() == nil; left-- {
		server := r.servers[(dnsTries*len(r.servers)-left)%len(r.servers)]
		part := time.Until(deadline) / time.Duration(left)
		reply, err := tryServer(ctx, part, server, name, rrtype)
		if err == nil {
			return reply, nil
		}
		failure = fmt.Errorf("ask %s for %s of %s: %w", server, dns.TypeToString[rrtype], name, err)
	}
	if failure == nil {
		failure = ctx.Err()
	}
	return nil, failure
}

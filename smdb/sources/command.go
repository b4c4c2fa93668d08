package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// CommandSettings say which program knows where hosts stand.
type CommandSettings struct {
	LocationCommand string `envconfig:"LOCATION_COMMAND" secret:"arguments" desc:"program to ask for locations, and its arguments, separated by blanks; it reads an address a line and answers a line each, as docs/location-command.md describes"`
}

func (s *CommandSettings) openCommand(env smdb.Env) (smdb.Source, error) {
	argv, err := splitCommand(s.LocationCommand)
	if err != nil {
		return nil, settingError("LOCATION_COMMAND", err)
	}
	source, err := newCommand(argv, commandOptions{
		timeout: env.Timeout,
		first:   max(env.Timeout, 30*time.Second),
		grace:   2 * time.Second,
		steady:  time.Minute,
		pauses: backoff.ExponentialBackOff{
			InitialInterval: 200 * time.Millisecond, Multiplier: 2, RandomizationFactor: 0.5, MaxInterval: 30 * time.Second,
		},
	}, env.Log)
	return source, settingError("LOCATION_COMMAND", err)
}

// splitCommand splits at blanks. No shell reads the text, so characters that mean something to
// a shell are refused.
func splitCommand(text string) ([]string, error) {
	if i := strings.IndexAny(text, "\"'`\\$|&;<>()*?[]{}~#\n"); i >= 0 {
		return nil, fmt.Errorf("may not hold %q: there is no shell that reads it; put that into a script", text[i])
	}
	argv := strings.Fields(text)
	if len(argv) == 0 {
		return nil, errors.New("must be a program and its arguments")
	}
	return argv, nil
}

// commandOptions bound a command.
type commandOptions struct {
	timeout time.Duration // of a question
	first   time.Duration // of the first question to a program, which may have to read its data
	grace   time.Duration // for the program to end after SIGTERM
	steady  time.Duration // a program that ran so long is started again after the shortest pause
	pauses  backoff.ExponentialBackOff
}

// command is the source that keeps a program running and asks it over its standard input and
// output; docs/location-command.md has the protocol.
//
// One goroutine, keep, owns the program and asks it one question at a time, since an answer does
// not say which question it belongs to. For the same reason a program that was silent or wrote
// too much once is killed, and another one is started. More questions at once would gain little:
// programs answer in order, and a pipe costs 20 µs there and back.
type command struct {
	argv      []string
	opts      commandOptions
	log       *slog.Logger
	questions chan question
	closing   chan struct{}
	closed    chan struct{}
}

type question struct {
	ip    netip.Addr
	reply chan reply // has room for one: the caller may have left
}

type reply struct {
	place tracker.Place
	err   error
}

// newCommand starts the program; an error says that it cannot be started.
func newCommand(argv []string, opts commandOptions, log *slog.Logger) (*command, error) {
	c := &command{
		argv:      argv,
		opts:      opts,
		log:       log.With("program", argv[0]), // its arguments might be secret
		questions: make(chan question),
		closing:   make(chan struct{}),
		closed:    make(chan struct{}),
	}
	p, err := c.start()
	if err != nil {
		return nil, err
	}
	go c.keep(p)
	return c, nil
}

func (c *command) start() (*program, error) {
	return startProgram(c.argv, c.opts.grace, c.log)
}

// Locate implements smdb.Source. It waits within the context's deadline until the program is
// free. A question under way has a timeout of its own: a caller with little time left does not
// make the program late.
func (c *command) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	q := question{ip, make(chan reply, 1)}
	select {
	case c.questions <- q:
	case <-ctx.Done():
		return tracker.Place{}, fmt.Errorf("ask %s: it is starting, or busy with other questions: %w", c.argv[0], ctx.Err())
	case <-c.closing:
		return tracker.Place{}, fmt.Errorf("ask %s: %w", c.argv[0], errClosed)
	}
	select {
	case r := <-q.reply:
		if r.err != nil {
			return tracker.Place{}, fmt.Errorf("ask %s: %w", c.argv[0], r.err)
		}
		return r.place, nil
	case <-ctx.Done():
		return tracker.Place{}, fmt.Errorf("ask %s: %w", c.argv[0], ctx.Err())
	}
}

// Close ends the program, within twice its grace. It is called once.
func (c *command) Close() error {
	close(c.closing)
	<-c.closed
	return nil
}

// keep keeps a program running until Close.
func (c *command) keep(p *program) {
	defer close(c.closed)
	for p != nil {
		started := time.Now()
		fault := c.serve(p)
		if errors.Is(fault, errClosed) {
			p.stop()
			return
		}
		p.kill()
		if time.Since(started) >= c.opts.steady {
			c.opts.pauses.Reset()
		}
		p = c.restart(fault)
	}
}

// serve asks the program all questions until the first fault, which it returns.
func (c *command) serve(p *program) error {
	timeout := c.opts.first
	for {
		select {
		case q := <-c.questions:
			text, fault := p.ask(q.ip, timeout, c.closing)
			r := reply{err: fault}
			if fault == nil {
				r.place, r.err = parseCommandAnswer(text)
				fault = faultIn(r.err)
			}
			q.reply <- r
			if fault != nil {
				return fault
			}
			timeout = c.opts.timeout
		case <-p.answers:
			return errUnasked
		case <-p.ended:
			return fmt.Errorf("it ended: %w", p.err)
		case <-c.closing:
			return errClosed
		}
	}
}

// restart starts the program again, after pauses that grow. It returns nil on Close.
func (c *command) restart(fault error) *program {
	for {
		pause := c.opts.pauses.NextBackOff()
		c.log.Warn("location program is started again", "because", fault, "in", pause.Round(time.Millisecond))
		if !c.refuse(pause, fault) {
			return nil
		}
		p, err := c.start()
		if err == nil {
			return p
		}
		fault = err
	}
}

// refuse answers all questions of the pause at once: there is no program to ask. It returns
// false on Close.
func (c *command) refuse(pause time.Duration, fault error) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case q := <-c.questions:
			q.reply <- reply{err: fmt.Errorf("it is being started again: %w", fault)}
		case <-timer.C:
			return true
		case <-c.closing:
			return false
		}
	}
}

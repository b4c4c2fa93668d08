package smdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// CommandSettings say which program knows where hosts stand.
type CommandSettings struct {
	LocationCommand string `envconfig:"LOCATION_COMMAND" secret:"arguments" desc:"program that knows where hosts stand, and its arguments, separated by blanks: it reads an address a line and answers a line each, see docs/location-command.md"`
}

func (s *CommandSettings) open(env Env) (Source, error) {
	argv, err := splitCommand(s.LocationCommand)
	if err != nil {
		return nil, fmt.Errorf("LOCATION_COMMAND: %w", err)
	}
	source, err := openCommand(argv, commandOptions{
		timeout: env.Timeout,
		first:   max(env.Timeout, 30*time.Second),
		grace:   2 * time.Second,
		steady:  time.Minute,
		pauses: backoff.ExponentialBackOff{
			InitialInterval: 200 * time.Millisecond, Multiplier: 2, RandomizationFactor: 0.5, MaxInterval: 30 * time.Second,
		},
	}, env.Log)
	if err != nil {
		return nil, fmt.Errorf("LOCATION_COMMAND: %w", err)
	}
	return source, nil
}

// splitCommand splits at blanks. There is no shell, so what means something to
// one is refused instead of being passed on as it is.
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
	grace   time.Duration // for the program to end when it is told to
	steady  time.Duration // a program that ran so long is started again without having to wait longer than the first time
	pauses  backoff.ExponentialBackOff
}

// command is the source that asks a program, which it keeps running, over its
// standard input and output: docs/location-command.md is the protocol.
//
// One goroutine, keep, owns the program, and asks it one question at a time: an
// answer is a line without anything that says which question it is for. For the
// same reason a program that has been at fault once, by silence or by too many
// words, is killed, and another one started. To ask more of it at once would gain
// little: programs answer in order, and a pipe costs 20 µs there and back.
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
	reply chan reply // has room for one: whoever asked may have left
}

type reply struct {
	place tracker.Place
	err   error
}

// openCommand starts the program; an error is that it cannot be started.
func openCommand(argv []string, opts commandOptions, log *slog.Logger) (*command, error) {
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

// Locate implements Source. It waits for its turn within the context's deadline.
// A question under way is answered or times out by itself: whoever came late and
// must leave soon is not the program's fault.
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

// serve asks the program all questions until it is at fault.
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

// restart starts the program again, after pauses that grow. It returns nil on
// Close.
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

// refuse answers at once, for a while, that there is no program to ask. It returns
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

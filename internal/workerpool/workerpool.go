// Package workerpool runs tasks in goroutines that are used again.
package workerpool

import "sync/atomic"

// maxIdle bounds the goroutines that wait for the next task: some 16 kB each.
const maxIdle = 1024

// Pool runs each task at once, in a goroutine. A goroutine whose task has ended takes the next
// one: the stack of a new one has to grow first, which cost a fifth of the CPU time of an
// announce over UDP, and a tenth of one over an HTTP connection of its own.
type Pool struct {
	tasks chan func()
	idle  atomic.Int64
}

// New returns a Pool without goroutines.
func New() *Pool { return &Pool{tasks: make(chan func())} }

// Run starts a task.
func (p *Pool) Run(task func()) {
	select {
	case p.tasks <- task: // an idle goroutine takes it
	default:
		go p.work(task)
	}
}

func (p *Pool) work(task func()) {
	for ok := true; ok; {
		task()
		if p.idle.Add(1) > maxIdle {
			p.idle.Add(-1)
			return
		}
		task, ok = <-p.tasks
		p.idle.Add(-1)
	}
}

// Close ends the idle goroutines. No task may follow.
func (p *Pool) Close() { close(p.tasks) }

package btudp

import "sync/atomic"

// maxIdle bounds the goroutines that wait for the next task: some 16 kB each.
const maxIdle = 1024

// crew runs tasks, each at once and in a goroutine. Goroutines that have ended their task
// take the next one: the stack of a new one has to grow first, which cost a fifth of the
// CPU time of an announce.
type crew struct {
	tasks chan func()
	idle  atomic.Int64
}

func newCrew() *crew { return &crew{tasks: make(chan func())} }

// run starts a task.
func (c *crew) run(task func()) {
	select {
	case c.tasks <- task: // somebody waits for it
	default:
		go c.work(task)
	}
}

func (c *crew) work(task func()) {
	for ok := true; ok; {
		task()
		if c.idle.Add(1) > maxIdle {
			c.idle.Add(-1)
			return
		}
		task, ok = <-c.tasks
		c.idle.Add(-1)
	}
}

// close lets those go that wait. No more tasks may come.
func (c *crew) close() { close(c.tasks) }

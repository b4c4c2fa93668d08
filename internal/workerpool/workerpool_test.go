package workerpool

import (
	"sync"
	"testing"
	"testing/synctest"
)

// All tasks run at once, however many there are; afterwards some goroutines wait for more,
// which take them, until the pool is closed: a bubble ends when all have.
func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		for range 3 {
			const tasks = 2 * maxIdle
			var running, ended sync.WaitGroup
			running.Add(tasks)
			for range tasks {
				ended.Add(1)
				p.Run(func() {
					defer ended.Done()
					running.Done()
					running.Wait() // for all others
				})
			}
			ended.Wait()
			synctest.Wait()
			if n := p.idle.Load(); n != maxIdle {
				t.Errorf("%d goroutines wait", n)
			}
		}
		first := make(chan struct{})
		p.Run(func() { close(first) })
		<-first
		synctest.Wait()
		if n := p.idle.Load(); n != maxIdle {
			t.Errorf("after one more task %d goroutines wait", n)
		}
		p.Close()
		synctest.Wait()
		if n := p.idle.Load(); n != 0 {
			t.Errorf("%d goroutines wait in vain", n)
		}
	})
}

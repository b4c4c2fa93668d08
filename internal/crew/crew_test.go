package crew

import (
	"sync"
	"testing"
	"testing/synctest"
)

// All tasks run at once, however many there are; afterwards some goroutines wait for more,
// which take them, until the crew is closed: a bubble ends when all have.
func TestCrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		for range 3 {
			const tasks = 2 * maxIdle
			var running, ended sync.WaitGroup
			running.Add(tasks)
			for range tasks {
				ended.Add(1)
				c.Run(func() {
					defer ended.Done()
					running.Done()
					running.Wait() // for all others
				})
			}
			ended.Wait()
			synctest.Wait()
			if n := c.idle.Load(); n != maxIdle {
				t.Errorf("%d goroutines wait", n)
			}
		}
		first := make(chan struct{})
		c.Run(func() { close(first) })
		<-first
		synctest.Wait()
		if n := c.idle.Load(); n != maxIdle {
			t.Errorf("after one more task %d goroutines wait", n)
		}
		c.Close()
		synctest.Wait()
		if n := c.idle.Load(); n != 0 {
			t.Errorf("%d goroutines wait in vain", n)
		}
	})
}

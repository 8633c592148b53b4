//go:build unix

package scim_test

import (
	"syscall"
	"time"
)

// processorTime is what this process has used so far of all processors.
func processorTime() (time.Duration, bool) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), err == nil
}

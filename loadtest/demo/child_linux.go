package demo

import "syscall"

// withUs keeps the terminal's Ctrl-C for ourselves, who stop the children in
// order, and lets them die with us should we be killed.
func withUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

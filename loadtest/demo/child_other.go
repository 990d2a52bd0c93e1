//go:build !linux

package demo

import "syscall"

func withUs() *syscall.SysProcAttr { return nil }

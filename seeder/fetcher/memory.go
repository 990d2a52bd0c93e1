package fetcher

import "sync"

// memory is what pieces are kept in until they are read, of all bodies together.
// It keeps buffers for the next piece while any are in use, and none after that.
type memory struct {
	limit int64 // bytes

	mu   sync.Mutex
	used int // buffers of pieceSize
	free [][]byte
}

// get returns a buffer of pieceSize, or nil when all memory is in use.
func (m *memory) get() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if int64(m.used+1)*pieceSize > m.limit {
		return nil
	}
	m.used++
	if n := len(m.free); n > 0 {
		b := m.free[n-1]
		m.free = m.free[:n-1]
		return b
	}
	return make([]byte, pieceSize)
}

func (m *memory) put(b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, b)
	if m.used--; m.used == 0 {
		m.free = nil
	}
}

// bytes is what is in use.
func (m *memory) bytes() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return float64(m.used) * pieceSize
}

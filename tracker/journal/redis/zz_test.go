package redis_test
import ("testing";"os/exec";"time";"context"
"github.com/drayproject/dray/tracker/journal"
"github.com/drayproject/dray/tracker/journal/journaltest"
"github.com/drayproject/dray/tracker/journal/journaltest/redistest")
func TestZZ(t *testing.T){
 c := redistest.StartCluster(t)
	r := mustOpen(t, mustNew(t, "redis+cluster://"+c.Addrs(), "dray:"))
	write(t, r, journaltest.Entry("before", 1, 50), journaltest.Entry("changed", 1, 50))
 p := c.PrimaryOf("dray:version"); t.Log("stop", p.Addr); p.Stop()
 for range 8 { time.Sleep(1*time.Second)
 t.Log(r.Write(context.Background(), []journal.Entry{journaltest.Entry("changed", 1, 50)}))
 }
 for _, s := range c.Servers { if s!=p { t.Log(s.Addr, s.Do("CLUSTER","NODES")); break} }
 out,_ := exec.Command("bash","-c","tail -n 12 /tmp/TestZZ*/*/log | grep -v Done").CombinedOutput(); t.Log(string(out))
}

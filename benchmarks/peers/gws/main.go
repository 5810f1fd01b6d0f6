// gws: every text frame goes to everybody through the library's Broadcaster, which encodes it once.
package main

import (
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/lxzan/gws"
)

type hub struct {
	gws.BuiltinEventHandler
	connections sync.Map
}

func (h *hub) OnOpen(connection *gws.Conn) { h.connections.Store(connection, nil) }

func (h *hub) OnClose(connection *gws.Conn, _ error) { h.connections.Delete(connection) }

func (h *hub) OnPing(connection *gws.Conn, payload []byte) { _ = connection.WritePong(payload) }

func (h *hub) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer message.Close()
	broadcaster := gws.NewBroadcaster(message.Opcode, message.Bytes())
	defer broadcaster.Close()
	h.connections.Range(func(connection, _ any) bool {
		_ = broadcaster.Broadcast(connection.(*gws.Conn))
		return true
	})
}

func main() {
	upgrader := gws.NewUpgrader(&hub{}, &gws.ServerOption{})
	http.HandleFunc("/ws", func(answer http.ResponseWriter, request *http.Request) {
		connection, err := upgrader.Upgrade(answer, request)
		if err != nil {
			return
		}
		go connection.ReadLoop()
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

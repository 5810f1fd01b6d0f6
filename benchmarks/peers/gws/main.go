// gws: every text frame goes to everybody who connected with the same ?room=, through the library's Broadcaster, which
// encodes it once. A room stays when it is empty.
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
	rooms sync.Map
}

func roomOf(connection *gws.Conn) *sync.Map {
	members, _ := connection.Session().Load("members")
	return members.(*sync.Map)
}

func (h *hub) OnOpen(connection *gws.Conn) { roomOf(connection).Store(connection, nil) }

func (h *hub) OnClose(connection *gws.Conn, _ error) { roomOf(connection).Delete(connection) }

func (h *hub) OnPing(connection *gws.Conn, payload []byte) { _ = connection.WritePong(payload) }

func (h *hub) OnMessage(from *gws.Conn, message *gws.Message) {
	defer message.Close()
	broadcaster := gws.NewBroadcaster(message.Opcode, message.Bytes())
	defer broadcaster.Close()
	roomOf(from).Range(func(connection, _ any) bool {
		_ = broadcaster.Broadcast(connection.(*gws.Conn))
		return true
	})
}

func main() {
	h := &hub{}
	upgrader := gws.NewUpgrader(h, &gws.ServerOption{
		Authorize: func(request *http.Request, session gws.SessionStorage) bool {
			members, _ := h.rooms.LoadOrStore(request.URL.Query().Get("room"), &sync.Map{})
			session.Store("members", members)
			return true
		},
	})
	http.HandleFunc("/ws", func(answer http.ResponseWriter, request *http.Request) {
		connection, err := upgrader.Upgrade(answer, request)
		if err != nil {
			return
		}
		go connection.ReadLoop()
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

// gorilla/websocket: the shape of its chat example. The hub of a room, which is named by ?room=, hands every text frame to
// a channel of each client, whose own goroutine writes it. The frame is prepared once, and a client whose channel is full
// holds the hub up rather than being cut, so that nobody misses a frame. A hub stays when its room is empty.
package main

import (
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

type client struct {
	connection *websocket.Conn
	send       chan *websocket.PreparedMessage
}

type hub struct {
	register, unregister chan *client
	broadcast            chan *websocket.PreparedMessage
}

var hubs sync.Map

func hubOf(room string) *hub {
	if h, known := hubs.Load(room); known {
		return h.(*hub)
	}
	made := &hub{make(chan *client), make(chan *client), make(chan *websocket.PreparedMessage, 256)}
	h, known := hubs.LoadOrStore(room, made)
	if !known {
		go made.run()
	}
	return h.(*hub)
}

func (h *hub) run() {
	clients := map[*client]struct{}{}
	for {
		select {
		case c := <-h.register:
			clients[c] = struct{}{}
		case c := <-h.unregister:
			delete(clients, c)
			close(c.send)
		case message := <-h.broadcast:
			for c := range clients {
				c.send <- message
			}
		}
	}
}

func (c *client) write() {
	failed := false
	for message := range c.send {
		if !failed && c.connection.WritePreparedMessage(message) != nil {
			failed = true // goes on taking messages until the hub has heard of it
			c.connection.Close()
		}
	}
}

func (c *client) read(h *hub) {
	defer func() {
		h.unregister <- c
		c.connection.Close()
	}()
	for {
		kind, data, err := c.connection.ReadMessage()
		if err != nil {
			return
		}
		message, err := websocket.NewPreparedMessage(kind, data)
		if err != nil {
			return
		}
		h.broadcast <- message
	}
}

func main() {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	http.HandleFunc("/ws", func(answer http.ResponseWriter, request *http.Request) {
		connection, err := upgrader.Upgrade(answer, request, nil)
		if err != nil {
			return
		}
		h := hubOf(request.URL.Query().Get("room"))
		c := &client{connection, make(chan *websocket.PreparedMessage, 256)}
		h.register <- c
		go c.write()
		c.read(h)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

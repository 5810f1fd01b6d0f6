// gorilla/websocket: the shape of its chat example. A hub hands every text frame to a channel of each client, whose
// own goroutine writes it. The frame is prepared once, and a client whose channel is full holds the hub up rather than
// being cut, so that nobody misses a frame.
package main

import (
	"log"
	"net/http"
	"os"

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
	h := &hub{make(chan *client), make(chan *client), make(chan *websocket.PreparedMessage, 256)}
	go h.run()
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	http.HandleFunc("/ws", func(answer http.ResponseWriter, request *http.Request) {
		connection, err := upgrader.Upgrade(answer, request, nil)
		if err != nil {
			return
		}
		c := &client{connection, make(chan *websocket.PreparedMessage, 256)}
		h.register <- c
		go c.write()
		c.read(h)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

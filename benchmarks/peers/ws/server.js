// ws: every text frame is sent to each client that connected with the same ?room=, as the broadcast example of its README
// does it.
const { WebSocketServer, WebSocket } = require('ws');
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  perMessageDeflate: false,
  clientTracking: false,
  backlog: 4096,
});
const rooms = new Map();

server.on('connection', (connection, request) => {
  const name = new URL(request.url, 'ws://localhost').searchParams.get('room') ?? '';
  const clients = rooms.get(name) ?? new Set();
  rooms.set(name, clients.add(connection));
  connection.on('error', () => {});
  connection.on('close', () => {
    if (clients.delete(connection) && clients.size === 0 && rooms.get(name) === clients) {
      rooms.delete(name);
    }
  });
  connection.on('message', (data, isBinary) => {
    clients.forEach((client) => {
      if (client.readyState === WebSocket.OPEN) {
        client.send(data, { binary: isBinary });
      }
    });
  });
});

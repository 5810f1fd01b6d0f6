// Socket.IO: rooms are joined and left by events, and each event `publish` is emitted to its room. Over WebSockets only,
// and without pings, which a client would have to tell from messages.
const { createServer } = require('http');
const { Server } = require('socket.io');
const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
  httpCompression: false,
  pingInterval: 600_000,
});

io.on('connection', (socket) => {
  socket.on('join', (room, done) => {
    socket.join(room);
    done?.();
  });
  socket.on('leave', (room, done) => {
    socket.leave(room);
    done?.();
  });
  socket.on('publish', (room, data) => io.to(room).emit('m', data));
});
http.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });

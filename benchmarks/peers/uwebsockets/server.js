// uWebSockets: every text frame is published to the topic that everybody has subscribed to who connected with the same
// ?room=. Only its limit of what may wait is raised, so that no receiver misses a frame.
const { App } = require('uwebsockets');
const port = Number(process.argv[2]);
const app = App();

app
  .ws('/ws', {
    compression: 0,
    maxBackpressure: 64 * 1024 * 1024,
    maxPayloadLength: 1024 * 1024,
    upgrade: (answer, request, context) =>
      answer.upgrade(
        { room: 'room:' + (request.getQuery('room') ?? '') },
        request.getHeader('sec-websocket-key'),
        request.getHeader('sec-websocket-protocol'),
        request.getHeader('sec-websocket-extensions'),
        context,
      ),
    open: (ws) => ws.subscribe(ws.getUserData().room),
    message: (ws, message, isBinary) => app.publish(ws.getUserData().room, message, isBinary),
  })
  .listen('127.0.0.1', port, (listening) => {
    if (!listening) {
      console.error(`port ${port}: cannot be listened on`);
      process.exit(1);
    }
  });

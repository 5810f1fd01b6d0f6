/*
 * The floor: what the kernel alone asks of a server that sends each text frame it gets to everybody who connected with
 * the same ?room=.
 *
 *   floor PORT each      one send() for each message and receiver
 *   floor PORT coalesce  one send() for each receiver and turn, with all frames that the turn has gathered
 *
 * One thread, epoll, no queues: what a socket does not take at once is fatal to its connection, so this is no server to
 * use, only one to measure against. It speaks just enough of RFC 6455: a handshake of one segment, and masked frames up
 * to 64 KiB. A room stays when it is empty.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FD = 20000, IN = 1 << 17, OUT = 1 << 20, EVENTS = 1024, ROOMS = 4096, NAME = 32 };

struct room {
  char name[NAME];
  int *members;
  int count, capacity;
  unsigned char *out; /* what the turn has gathered for it */
  int gathered, size;
};

struct connection {
  unsigned char *held; /* bytes of a frame that is not complete; NULL when there are none */
  int length;
  struct room *room; /* NULL before the upgrade */
  int member;        /* its place among the members */
};

static struct connection connections[MAX_FD];
static struct room rooms[ROOMS];
static struct room *waiting[ROOMS]; /* those that have gathered something */
static int waiters;
static int coalesce;

static void sha1(const unsigned char *text, size_t length, unsigned char digest[20]) {
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  unsigned char block[192] = {0};
  size_t padded = (length + 8) / 64 * 64 + 64;
  memcpy(block, text, length);
  block[length] = 0x80;
  for (int i = 0; i < 8; i++) block[padded - 1 - i] = (unsigned char)((uint64_t)length * 8 >> (8 * i));
  for (size_t at = 0; at < padded; at += 64) {
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 16; i++)
      w[i] = (uint32_t)block[at + 4 * i] << 24 | block[at + 4 * i + 1] << 16 | block[at + 4 * i + 2] << 8 | block[at + 4 * i + 3];
    for (int i = 16; i < 80; i++) {
      uint32_t x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
      w[i] = x << 1 | x >> 31;
    }
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
      uint32_t next = (a << 5 | a >> 27) + f + e + k + w[i];
      e = d, d = c, c = b << 30 | b >> 2, b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64(const unsigned char digest[20], char text[29]) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char padded[21] = {0};
  memcpy(padded, digest, 20);
  for (int i = 0; i < 7; i++) {
    uint32_t x = (uint32_t)padded[3 * i] << 16 | padded[3 * i + 1] << 8 | padded[3 * i + 2];
    for (int j = 0; j < 4; j++) text[4 * i + j] = alphabet[x >> (18 - 6 * j) & 63];
  }
  text[27] = '=';
  text[28] = 0;
}

/* Returns the room of a name, NULL when there are too many. */
static struct room *room_of(const char *name) {
  unsigned hash = 2166136261u;
  for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
  for (int i = 0; i < ROOMS; i++) {
    struct room *room = &rooms[(hash + (unsigned)i) % ROOMS];
    if (!room->members) {
      strcpy(room->name, name);
      room->members = malloc(sizeof(int) * (size_t)(room->capacity = 8));
      room->out = malloc((size_t)(room->size = 1024));
    }
    if (!strcmp(room->name, name)) return room;
  }
  return NULL;
}

static void join(int fd, struct room *room) {
  if (room->count == room->capacity) room->members = realloc(room->members, sizeof(int) * (size_t)(room->capacity *= 2));
  connections[fd].room = room;
  connections[fd].member = room->count;
  room->members[room->count++] = fd;
}

static void end(int fd) {
  struct connection *c = &connections[fd];
  if (c->room) {
    int last = c->room->members[--c->room->count];
    c->room->members[c->member] = last;
    connections[last].member = c->member;
  }
  free(c->held);
  *c = (struct connection){0};
  close(fd);
}

static void flush(struct room *room) {
  for (int i = room->count - 1; i >= 0; i--) {
    int fd = room->members[i];
    if (send(fd, room->out, (size_t)room->gathered, MSG_NOSIGNAL | MSG_DONTWAIT) != room->gathered) end(fd);
  }
  room->gathered = 0;
}

static void flush_all(void) {
  while (waiters) flush(waiting[--waiters]);
}

static void broadcast(struct room *room, const unsigned char *payload, int length) {
  if (room->gathered + length + 4 > OUT) flush_all();
  while (room->gathered + length + 4 > room->size) room->out = realloc(room->out, (size_t)(room->size *= 2));
  if (coalesce && !room->gathered) waiting[waiters++] = room;
  unsigned char *frame = room->out + room->gathered;
  int head = length < 126 ? 2 : 4;
  frame[0] = 0x81;
  frame[1] = (unsigned char)(length < 126 ? length : 126);
  if (head == 4) frame[2] = (unsigned char)(length >> 8), frame[3] = (unsigned char)length;
  memcpy(frame + head, payload, (size_t)length);
  room->gathered += head + length;
  if (!coalesce) flush(room);
}

static int upgrade(int fd, char *request) {
  static const char name[] = "sec-websocket-key:";
  char *key = strcasestr(request, name);
  if (!key) return 0;
  key += sizeof name - 1;
  while (*key == ' ') key++;
  char name_of_room[NAME] = "";
  char *line = strstr(request, "\r\n"), *query = strstr(request, "?room=");
  if (query && query < line) snprintf(name_of_room, NAME, "%.*s", (int)strcspn(query + 6, " &"), query + 6);
  struct room *room = room_of(name_of_room);
  if (!room) return 0;
  char text[128];
  int length = snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r\n "), key);
  unsigned char digest[20];
  char accept[29], answer[256];
  sha1((unsigned char *)text, (size_t)length, digest);
  base64(digest, accept);
  length = snprintf(answer, sizeof answer,
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
  if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length) return 0;
  join(fd, room);
  return 1;
}

/* Takes whole frames off the front; returns how many bytes are left, or -1 when the connection is to end. */
static int frames(int fd, unsigned char *bytes, int length) {
  int at = 0;
  while (length - at >= 2) {
    unsigned char *frame = bytes + at;
    int size = frame[1] & 127, head = 2;
    if (size == 127 || !(frame[1] & 128)) return -1;
    if (size == 126) {
      if (length - at < 4) break;
      size = frame[2] << 8 | frame[3];
      head = 4;
    }
    if (length - at < head + 4 + size) break;
    unsigned char *mask = frame + head, *payload = mask + 4;
    for (int i = 0; i < size; i++) payload[i] ^= mask[i & 3];
    at += head + 4 + size;
    if (frame[0] & 8 && size > 125) return -1;
    switch (frame[0] & 15) {
      case 1: case 2:
        broadcast(connections[fd].room, payload, size);
        if (!connections[fd].room) return -1; /* it did not take what it sent itself, and has ended */
        break;
      case 8: {
        unsigned char goodbye[127] = {0x88, (unsigned char)size};
        memcpy(goodbye + 2, payload, (size_t)size);
        (void)!send(fd, goodbye, (size_t)size + 2, MSG_NOSIGNAL);
        return -1;
      }
      case 9: {
        unsigned char pong[127] = {0x8A, (unsigned char)size};
        memcpy(pong + 2, payload, (size_t)size);
        if (send(fd, pong, (size_t)size + 2, MSG_NOSIGNAL) < 0) return -1;
      }
    }
  }
  memmove(bytes, bytes + at, (size_t)(length - at));
  return length - at;
}

static void readable(int fd) {
  static unsigned char in[IN + 1];
  struct connection *c = &connections[fd];
  if (c->held) memcpy(in, c->held, (size_t)c->length);
  ssize_t got = recv(fd, in + c->length, (size_t)(IN - c->length), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) { end(fd); return; }
  int length = c->length + (int)got;
  if (!c->room) {
    in[length] = 0;
    if (strstr((char *)in, "\r\n\r\n")) {
      if (!upgrade(fd, (char *)in)) { end(fd); return; }
      length = 0;
    }
  } else {
    length = frames(fd, in, length);
    if (!c->room) return; /* it has ended */
    if (length < 0) { end(fd); return; }
  }
  free(c->held);
  c->held = NULL;
  c->length = length;
  if (length) {
    c->held = malloc((size_t)length);
    memcpy(c->held, in, (size_t)length);
  }
}

int main(int argc, char **argv) {
  int port = argc == 3 ? atoi(argv[1]) : 0;
  coalesce = argc == 3 && !strcmp(argv[2], "coalesce");
  if (port < 1 || port > 65535 || (!coalesce && strcmp(argv[2], "each"))) {
    fprintf(stderr, "usage: floor PORT each|coalesce\n");
    return 2;
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
    perror("floor: listen");
    return 1;
  }
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int ready = epoll_wait(poll, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) { readable(fd); continue; }
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FD) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
      }
    }
    flush_all();
  }
}

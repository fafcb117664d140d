/*
 * A small server for tests of the network. HTTP on TCP 80 with keep-alive and a datagram server on UDP 7 answer
 * "<VERSION> <host name> <address of the client>", and " for <X-Forwarded-For> <path>" when a proxy asks; TCP 9 sends back each line with
 * "<VERSION> <host name>" behind it. POST is answered when all of the body is there, /slow after SLOW_MS, /events with an event every EVENT_MS
 * without end, and a request to upgrade turns the connection into one that sends back lines. After SIGTERM it serves on: each HTTP connection gets one more answer, which says that it is the last one,
 * and the program ends when no connection is left and none has come for a moment. That is what a well-behaved server does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 4096
#define BUFFER 4096
#define LISTENERS 3
#define SLOW_MS 3000
#define EVENT_MS 100

static volatile sig_atomic_t leaving;
static struct pollfd polled[MOST];
static struct {
  char text[BUFFER], body[512], client[64];
  int length, isFlow, isEvents, isAsked, isLast;
  long bodyLeft;
  long long dueMs;
} state[MOST];
static int count;
static char name[128];

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void on_term(int signal) { (void)signal; leaving = 1; }

/* Of both families at once; clients of IPv4 have mapped addresses. */
static int open_socket(int type, int port) {
  int one = 1, both = 0, fd = socket(AF_INET6, type, 0);
  struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) || (type == SOCK_STREAM && listen(fd, 1024))) { perror("bind"); exit(1); }
  return fd;
}

static const char *text_of(const struct sockaddr_in6 *from) {
  static char text[INET6_ADDRSTRLEN];
  if (IN6_IS_ADDR_V4MAPPED(&from->sin6_addr)) inet_ntop(AF_INET, &from->sin6_addr.s6_addr[12], text, sizeof text);
  else inet_ntop(AF_INET6, &from->sin6_addr, text, sizeof text);
  return text;
}

static void add(int fd, const char *client, int isFlow) {
  if (count == MOST) { close(fd); return; }
  polled[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
  state[count].length = 0;
  state[count].isFlow = isFlow;
  state[count].isEvents = state[count].isAsked = 0;
  state[count].bodyLeft = 0;
  snprintf(state[count].client, sizeof state[count].client, "%s", client);
  count++;
}

static void drop(int at) {
  close(polled[at].fd);
  count--;
  polled[at] = polled[count];
  state[at] = state[count];
}

static void answer_datagram(int fd) {
  char text[BUFFER], reply[256];
  struct sockaddr_in6 from;
  socklen_t size = sizeof from;
  if (recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &size) < 0) return;
  int length = snprintf(reply, sizeof reply, "%s %s\n", name, text_of(&from));
  sendto(fd, reply, length, 0, (struct sockaddr *)&from, size);
}

static void take(int fd, int isFlow) {
  struct sockaddr_in6 from;
  socklen_t size = sizeof from;
  int client = accept(fd, (struct sockaddr *)&from, &size);
  if (client >= 0) add(client, text_of(&from), isFlow);
}

/* Returns 0 when the connection is to be closed, as `answer` does. */
static int send_back(int at) {
  char *end, reply[BUFFER + 256];
  while ((end = strchr(state[at].text, '\n'))) {
    int size = snprintf(reply, sizeof reply, "%.*s %s\n", (int)(end - state[at].text), state[at].text, name);
    if (write(polled[at].fd, reply, size) != size) return 0;
    state[at].length -= end + 1 - state[at].text;
    memmove(state[at].text, end + 1, state[at].length + 1);
  }
  return state[at].length < BUFFER - 1;
}

/* What a proxy says of the request: for whom it asks, and for which path. Empty when there is no proxy. */
static void read_proxied(const char *request, char *into, size_t size) {
  char path[128] = "", client[64] = "";
  const char *header = strcasestr(request, "\r\nx-forwarded-for: ");
  into[0] = 0;
  if (!header || sscanf(request, "%*s %127s", path) != 1 || sscanf(header + 19, "%63[^\r]", client) != 1) return;
  snprintf(into, size, " for %s %s", client, path);
}

static int send_text(int at, const char *text) {
  int size = strlen(text);
  return write(polled[at].fd, text, size) == size;
}

/* Answers when all of the request is there and it is time. Returns 0 when the connection is to be closed. */
static int reply(int at) {
  char text[1024];
  if (state[at].bodyLeft > 0 || state[at].dueMs > now_ms()) return 1;
  int last = leaving || state[at].isLast;
  snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n%s", strlen(state[at].body),
           last ? "close" : "keep-alive", state[at].body);
  state[at].isAsked = 0;
  return send_text(at, text) && !last;
}

static int read_request(int at, const char *body) {
  char proxied[256], path[128] = "";
  const char *text = state[at].text, *length = strcasestr(text, "\r\ncontent-length: ");
  long bytes = length ? atol(length + 18) : 0;
  sscanf(text, "%*s %127s", path);
  read_proxied(text, proxied, sizeof proxied);
  snprintf(state[at].body, sizeof state[at].body, "%s %s%s", name, state[at].client, proxied);
  if (bytes > 0) snprintf(state[at].body + strlen(state[at].body), 32, " %ld bytes", bytes);
  strcat(state[at].body, "\n");
  state[at].isLast = strcasestr(text, "connection: close") != NULL;
  state[at].bodyLeft = bytes - (state[at].length - (body - text));
  state[at].dueMs = strcmp(path, "/slow") ? 0 : now_ms() + SLOW_MS;
  state[at].isFlow = strcasestr(text, "\r\nupgrade: ") != NULL;
  state[at].isEvents = !strcmp(path, "/events");
  state[at].isAsked = !state[at].isFlow && !state[at].isEvents;
  state[at].length = 0;
  if (state[at].isFlow) return send_text(at, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  if (state[at].isEvents) return send_text(at, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
  return reply(at);
}

/* What is due without anything having come. Returns 0 when the connection is to be closed: events end when the server does. */
static int tick(int at) {
  char event[256];
  if (!state[at].isEvents) return !state[at].isAsked || reply(at);
  if (leaving) return 0;
  if (state[at].dueMs > now_ms()) return 1;
  state[at].dueMs = now_ms() + EVENT_MS;
  snprintf(event, sizeof event, "data: %s\n\n", name);
  return send_text(at, event);
}

static int answer(int at) {
  int got = read(polled[at].fd, state[at].text + state[at].length, BUFFER - 1 - state[at].length);
  if (got <= 0) return 0;
  state[at].length += got;
  state[at].text[state[at].length] = 0;
  if (state[at].isFlow) return send_back(at);
  if (state[at].isAsked) {
    state[at].bodyLeft -= got;
    state[at].length = 0;
    return reply(at);
  }
  char *end = strstr(state[at].text, "\r\n\r\n");
  return end ? read_request(at, end + 4) : state[at].length < BUFFER - 1;
}

int main(void) {
  char host[64] = "";
  const char *version = getenv("VERSION");
  gethostname(host, sizeof host - 1);
  snprintf(name, sizeof name, "%s %s", version ? version : "v0", host);
  struct sigaction action = { .sa_handler = on_term };
  sigaction(SIGTERM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  add(open_socket(SOCK_STREAM, 80), "", 0);
  add(open_socket(SOCK_DGRAM, 7), "", 0);
  add(open_socket(SOCK_STREAM, 9), "", 0);
  for (;;) {
    int ready = poll(polled, count, 100);
    if (ready == 0 && leaving && count == LISTENERS) return 0;
    if (ready < 0) continue;
    for (int at = count - 1; at >= 0; at--) {
      if (at >= LISTENERS && !tick(at)) { drop(at); continue; }
      if (!polled[at].revents) continue;
      if (at == 0) take(polled[0].fd, 0);
      else if (at == 1) answer_datagram(polled[1].fd);
      else if (at == 2) take(polled[2].fd, 1);
      else if (!answer(at)) drop(at);
    }
  }
}

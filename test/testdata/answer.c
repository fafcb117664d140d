/*
 * A small server for tests of the network. HTTP on TCP 80 with keep-alive and a datagram server on UDP 7 answer
 * "<VERSION> <host name> <address of the client>", and " for <X-Forwarded-For> <path>" when a proxy asks; TCP 9 sends back each line with
 * "<VERSION> <host name>" behind it. After SIGTERM it serves on: each HTTP connection gets one more answer, which says that it is the last one,
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
#include <unistd.h>

#define MOST 4096
#define BUFFER 4096
#define LISTENERS 3

static volatile sig_atomic_t leaving;
static struct pollfd polled[MOST];
static struct { char text[BUFFER]; int length, isFlow; char client[64]; } state[MOST];
static int count;
static char name[128];

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

static int answer(int at) {
  int got = read(polled[at].fd, state[at].text + state[at].length, BUFFER - 1 - state[at].length);
  if (got <= 0) return 0;
  state[at].length += got;
  state[at].text[state[at].length] = 0;
  if (state[at].isFlow) return send_back(at);
  if (!strstr(state[at].text, "\r\n\r\n")) return state[at].length < BUFFER - 1;
  int last = leaving || strcasestr(state[at].text, "connection: close") != NULL;
  char body[512], reply[1024], proxied[256];
  read_proxied(state[at].text, proxied, sizeof proxied);
  int length = snprintf(body, sizeof body, "%s %s%s\n", name, state[at].client, proxied);
  int size = snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s", length, last ? "close" : "keep-alive", body);
  state[at].length = 0;
  return write(polled[at].fd, reply, size) == size && !last;
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
    if (ready <= 0) continue;
    for (int at = count - 1; at >= 0; at--) {
      if (!polled[at].revents) continue;
      if (at == 0) take(polled[0].fd, 0);
      else if (at == 1) answer_datagram(polled[1].fd);
      else if (at == 2) take(polled[2].fd, 1);
      else if (!answer(at)) drop(at);
    }
  }
}

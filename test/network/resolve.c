/* Looks up names as programs do: `resolve NAME...` prints "NAME: ADDRESSES" or "NAME: ERROR" for each. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
        int error = getaddrinfo(argv[i], NULL, &hints, &found);
        printf("%s:", argv[i]);
        if (error)
            printf(" %s", error == EAI_NONAME ? "EAI_NONAME" : error == EAI_AGAIN ? "EAI_AGAIN" : gai_strerror(error));
        for (; !error && found; found = found->ai_next) {
            char text[INET6_ADDRSTRLEN];
            const void *address = found->ai_family == AF_INET6
                ? (void *)&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr
                : (void *)&((struct sockaddr_in *)found->ai_addr)->sin_addr;
            printf(" %s", inet_ntop(found->ai_family, address, text, sizeof text));
        }
        printf("\n");
    }
    return 0;
}

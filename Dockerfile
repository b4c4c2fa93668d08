# p2ptracker as a static binary and nothing else; --target smdbstub builds the
# small SMDB of docker-compose.yml.

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ENV CGO_ENABLED=0
RUN go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/p2ptracker ./cmd/p2ptracker && \
    go build -trimpath -ldflags "-s -w" -o /out/smdbstub ./cmd/smdbstub

FROM scratch AS smdbstub
COPY --from=build /out/smdbstub /smdbstub
USER 65532:65532
ENTRYPOINT ["/smdbstub"]

FROM scratch AS p2ptracker
# For an SMDB behind TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/p2ptracker /p2ptracker
USER 65532:65532
EXPOSE 6969/tcp 6969/udp
HEALTHCHECK --interval=5s --timeout=6s --start-period=5s CMD ["/p2ptracker", "health"]
ENTRYPOINT ["/p2ptracker"]
CMD ["serve"]

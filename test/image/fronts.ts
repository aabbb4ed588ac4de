import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** What stands between a client and a registry on loopback. Each is closed when the test ends. */

async function listen(t: Pick<TestContext, 'after'>, server: Server, host: string): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  t.after(() => void server.close())
  return (server.address() as AddressInfo).port
}

const portOf = (url: string) => Number(new URL(url).port)

function forward(message: IncomingMessage, response: ServerResponse, to: string): void {
  const { method, headers } = message
  const path = message.url?.replace(/^http:\/\/[^/]*/, '')
  const onward = request({ host: '127.0.0.1', port: portOf(to), path, method, headers }, answer => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  message.pipe(onward)
}

/** The registry at another address. @returns the port */
export const tcpFront = (t: Pick<TestContext, 'after'>, registry: string, host: string): Promise<number> =>
  listen(
    t,
    createServer(socket => {
      const onward = connect(portOf(registry), '127.0.0.1')
      socket.on('error', () => {}).pipe(onward)
      onward.on('error', () => {}).pipe(socket)
    }),
    host,
  )

/** The registry behind TLS. @returns the port */
export const tlsFront = (
  t: Pick<TestContext, 'after'>,
  registry: string,
  options: ServerOptions,
  host = '127.0.0.1',
): Promise<number> =>
  listen(
    t,
    createHttpsServer(options, (message, response) => forward(message, response, registry)),
    host,
  )

export interface Proxy {
  readonly url: string
  /** `CONNECT host:port`, `GET http://host/...` */
  readonly requests: string[]
}

/** An HTTP proxy that takes every plain request to `registry`, and every tunnel to the port on loopback named for it. */
export async function startProxy(
  t: TestContext,
  registry: string,
  tunnels: Readonly<Record<string, number>>,
): Promise<Proxy> {
  const requests: string[] = []
  const server = createHttpServer((message, response) => {
    requests.push(`${message.method} ${message.url}`)
    forward(message, response, registry)
  })
  server.on('connect', ({ url = '' }, socket) => {
    requests.push(`CONNECT ${url}`)
    const port = tunnels[url]
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const onward = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    onward.on('error', () => {}).pipe(socket)
    socket.on('error', () => {}).pipe(onward)
  })
  return { url: `http://127.0.0.1:${await listen(t, server, '127.0.0.1')}`, requests }
}

/** Keys and certificates below `directory`: an authority, and for each name one that it has signed. */
export function makeCertificates(directory: string, ...names: string[]) {
  const at = (file: string) => join(directory, file)
  mkdirSync(directory, { recursive: true })
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout']
  openssl('req', '-x509', ...key, at('ca.key'), '-out', at('ca.crt'), '-days', '2', '-subj', '/CN=authority')
  for (const name of names) {
    openssl('req', ...key, at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`)
    writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:${name}\n`)
    const sign = ['x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-days', '2']
    openssl(...sign, '-extfile', at(`${name}.ext`), '-out', at(`${name}.crt`))
  }
  return (file: string) => readFileSync(at(file))
}

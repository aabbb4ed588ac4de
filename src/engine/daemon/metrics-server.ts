import type { Server } from 'node:http'
import type { Engine } from '../api.ts'
import { http } from '../http/node-http.ts'
import { CONTENT_TYPE } from '../metrics/exposition.ts'

/**
 * Answers `GET /metrics` at an address of its own, and nothing else there: Prometheus cannot ask at a socket of files,
 * and whoever can open that one can do everything on the machine.
 * @param address as in `metrics-addr` of Docker's configuration: `127.0.0.1:9323`, `[::1]:9323`
 * @throws Error EADDRINUSE and the like
 */
export async function serveMetrics(
  engine: Pick<Engine, 'systemMetrics'>,
  address: string,
  failed: (error: unknown) => void,
): Promise<AsyncDisposable & { readonly port: number }> {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? []
  const server = http.createServer(async ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') return void response.writeHead(404).end('404 page not found\n')
    try {
      const text = await engine.systemMetrics()
      response.writeHead(200, { 'Content-Type': CONTENT_TYPE }).end(text)
    } catch (error) {
      failed(error)
      response.writeHead(500).end('the engine met an error; its log has it\n')
    }
  })
  await listening(server, host.replace(/^\[(.*)\]$/, '$1'), Number(port))
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  return promise.finally(() => server.off('error', reject))
}

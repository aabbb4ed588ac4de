import { readFile } from 'node:fs/promises'
import { createServer, type SecureContextOptions, type Server } from 'node:tls'
import { TscomposeError } from '../../errors.ts'
import type { EngineConfig } from '../config.ts'
import type { EngineServer } from '../http/server.ts'

/** How long a client may take to show its certificate, in milliseconds. */
const HANDSHAKE_PATIENCE = 10_000

/**
 * Serves the API at an address of the network, to clients whose certificate `tlscacert` has signed, and to nobody else.
 * @param host `tcp://127.0.0.1:2376`
 * @throws TscomposeError ENGINE_CONFIG_INVALID for files that are no certificates or no key, and for an address that
 *   cannot be had
 */
export async function listenTls(
  host: string,
  config: EngineConfig,
  { accept }: Pick<EngineServer, 'accept'>,
): Promise<AsyncDisposable & { readonly port: number }> {
  const [, name = '', port] = /^tcp:\/\/(.*):(\d+)$/.exec(host) ?? []
  const server = createTlsServer(await readCertificates(config))
  // Before the handshake there is nobody: those that fail it are closed by Node, and no request is read of them.
  server.on('secureConnection', accept)
  await listening(server, name.replace(/^\[(.*)\]$/, '$1'), Number(port)).catch((cause: Error) => {
    throw invalid(`"hosts": cannot listen at ${host}: ${cause.message}`, cause)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    // Connections stay until the process is gone, as those of the socket do.
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

async function readCertificates(config: EngineConfig): Promise<SecureContextOptions> {
  const read = (key: string, path: string) =>
    readFile(path).catch((cause: Error) => {
      throw invalid(`"${key}": ${cause.message}`, cause)
    })
  const [ca, cert, key] = await Promise.all([
    read('tlscacert', config.tlsCaCert),
    read('tlscert', config.tlsCert),
    read('tlskey', config.tlsKey),
  ])
  return { ca, cert, key }
}

function createTlsServer(certificates: SecureContextOptions): Server {
  try {
    return createServer({
      ...certificates,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_PATIENCE,
      // As at the socket: whoever has sent all its input still reads the output.
      allowHalfOpen: true,
    })
  } catch (cause) {
    throw invalid(`"tlscert" and "tlskey" are no certificate and its key: ${(cause as Error).message}`, cause)
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  return promise.finally(() => server.off('error', reject))
}

const invalid = (message: string, cause: unknown): TscomposeError =>
  new TscomposeError('ENGINE_CONFIG_INVALID', message, { cause })

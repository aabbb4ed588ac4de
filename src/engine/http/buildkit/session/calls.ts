import { Duplex, Readable } from 'node:stream'
import { serverOf } from '../../../../image/registry/credentials.ts'
import type { RegistryAuthConfig } from '../../../api.ts'
import { receiveFiles } from '../files/receive.ts'
import {
  bytesMessage,
  checkAgentRequest,
  checkAgentResponse,
  credentialsRequest,
  credentialsResponse,
  getSecretRequest,
  getSecretResponse,
  packet,
} from '../messages/session.ts'
import type { BidirectionalCall } from '../rpc/client.ts'
import type { Read, Written } from '../rpc/protobuf.ts'
import { GrpcError, grpcCodes } from '../rpc/status.ts'
import type { ClientSession } from './client-session.ts'

/** What a client can be asked for on its session; what it does not offer, it has none of. */

const methods = {
  files: '/moby.filesync.v1.FileSync/DiffCopy',
  send: '/moby.filesync.v1.FileSend/DiffCopy',
  credentials: '/moby.filesync.v1.Auth/Credentials',
  secret: '/moby.buildkit.secrets.v1.Secrets/GetSecret',
  checkAgent: '/moby.sshforward.v1.SSH/CheckAgent',
  forwardAgent: '/moby.sshforward.v1.SSH/ForwardAgent',
  upload: '/moby.upload.v1.Upload/Pull',
} as const

const bytesBothWays = { request: bytesMessage, answer: bytesMessage }

export interface FileChoice {
  /** The name of one of the client's directories. */
  readonly name: string
  /** Patterns of a `.dockerignore`. */
  readonly excludes?: readonly string[]
  /** Only these paths, and what they lead to if they are links. */
  readonly only?: readonly string[] | undefined
}

/** Puts files of the client into an empty directory. @throws GrpcError, TscomposeError */
export async function fetchFiles(
  { grpc, signal: gone }: ClientSession,
  { name, excludes, only }: FileChoice,
  directory: string,
  tell: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const metadata = {
    ...encoded('dir-name', [name]),
    ...(excludes && excludes.length > 0 && encoded('exclude-patterns', excludes)),
    ...(only && encoded('followpaths', only)),
  }
  const call = grpc.stream(
    methods.files,
    { request: packet, answer: packet },
    metadata,
    AbortSignal.any([signal, gone]),
  )
  try {
    await receiveFiles(call, directory, tell)
  } finally {
    call.cancel()
  }
}

/** Only ASCII can be in a header; what is not is in a form of URLs, and said to be. */
function encoded(name: string, values: readonly string[]): Record<string, readonly string[]> {
  if (values.every(value => /^[\x20-\x7e]*$/.test(value) && value === value.trim())) return { [name]: values }
  return { [name]: values.map(encodeURIComponent), [`${name}-encoded`]: ['1'] }
}

/** @returns undefined if the client has no such secret */
export async function readSecret(
  { grpc, signal: gone }: ClientSession,
  id: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const types = { request: getSecretRequest, answer: getSecretResponse }
  return await unlessMissing(
    grpc.unary(methods.secret, types, { ID: id }, AbortSignal.any([signal, gone])).then(({ data }) => data),
  )
}

/** A login for a registry. @param domain as image names have it */
export async function readLogin(
  { grpc, signal: gone }: ClientSession,
  domain: string,
  signal: AbortSignal,
): Promise<RegistryAuthConfig | undefined> {
  const types = { request: credentialsRequest, answer: credentialsResponse }
  // Docker Hub is known to clients by the host that has its images.
  const Host = domain === 'docker.io' ? 'registry-1.docker.io' : domain
  const login = await unlessMissing(grpc.unary(methods.credentials, types, { Host }, AbortSignal.any([signal, gone])))
  if (!login?.Secret) return undefined
  const serveraddress = serverOf(domain)
  return login.Username === ''
    ? { identitytoken: login.Secret, serveraddress }
    : { username: login.Username, password: login.Secret, serveraddress }
}

/** Opens connections to an SSH agent of the client, if it lends one of that name. */
export async function openAgent(
  { grpc, signal: gone }: ClientSession,
  id: string,
  signal: AbortSignal,
): Promise<(() => Duplex) | undefined> {
  const until = AbortSignal.any([signal, gone])
  const types = { request: checkAgentRequest, answer: checkAgentResponse }
  const found = await unlessMissing(grpc.unary(methods.checkAgent, types, { ID: id }, until), grpcCodes.UNKNOWN)
  if (!found) return undefined
  const metadata = { 'buildkit.ssh.id': id }
  return () => duplexOf(grpc.stream(methods.forwardAgent, bytesBothWays, metadata, until))
}

/** What a client uploads that has been given an archive on its standard input. @param path of the URL that it was given */
export function openUpload({ grpc, signal }: ClientSession, { pathname, host }: URL): Readable {
  const call = grpc.stream(methods.upload, bytesBothWays, { urlpath: pathname, urlhost: host }, signal)
  call.end()
  return Readable.from(dataOf(call), { objectMode: false }).once('close', () => call.cancel())
}

/** Takes a result to where the client wants it; its end is that of the call. */
export const openSend = <T extends typeof bytesMessage | typeof packet>(
  { grpc, signal: gone }: ClientSession,
  type: T,
  signal: AbortSignal,
): BidirectionalCall<Written<T>, Read<T>> =>
  grpc.stream(
    methods.send,
    { request: type, answer: type },
    { 'buildkit-attachable-exporter-id': '0' },
    AbortSignal.any([signal, gone]),
  )

async function* dataOf(call: BidirectionalCall<unknown, Read<typeof bytesMessage>>): AsyncGenerator<Uint8Array> {
  for await (const { data } of call.messages) if (data.length > 0) yield data
}

function duplexOf(call: BidirectionalCall<Written<typeof bytesMessage>, Read<typeof bytesMessage>>): Duplex {
  const received = dataOf(call)
  return new Duplex({
    read() {
      received.next().then(
        ({ value, done }) => this.push(done ? null : value),
        error => this.destroy(error),
      )
    },
    write(data: Buffer, _, done) {
      call.send({ data }).then(() => done(), done)
    },
    final(done) {
      call.end()
      done()
    },
    destroy(error, done) {
      call.cancel()
      done(error)
    },
  })
}

/** Undefined where the other side has not got it, or does not know of such things. */
async function unlessMissing<T>(answer: Promise<T>, missing: number = grpcCodes.NOT_FOUND): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof GrpcError && (error.code === missing || error.code === grpcCodes.UNIMPLEMENTED))
      return undefined
    throw error
  }
}

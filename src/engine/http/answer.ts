import type { Duplex, Readable } from 'node:stream'

/** What a handler answers, as a value: the handlers decide, respond.ts and hijack.ts carry out. */
export type Answer =
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'text'; readonly text: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown }
  /** One JSON value that takes its time; that it is coming is told at once. */
  | { readonly kind: 'later'; readonly value: Promise<unknown> }
  /** JSON values one after the other, told at once or with the first of them. */
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<unknown>; readonly atOnce: boolean }
  /** @property failed the last bytes of a stream that cannot go on; without them the connection breaks */
  | {
      readonly kind: 'bytes'
      readonly stream: Readable
      readonly contentType: string
      readonly headers?: Readonly<Record<string, string>>
      readonly failed?: (error: Error) => Uint8Array
    }
  /** The connection itself, from now on joined to `stream` in both directions. */
  | {
      readonly kind: 'hijack'
      /** A promise of one does not reject; it is waited for after the header. */
      readonly stream: Duplex | Promise<Duplex>
      /** Whether the client may lose what it gets together with the header, as docker-py does. */
      readonly headerAlone: boolean
      readonly contentType: string
      /** The keys with which a terminal takes leave of the process without ending it. */
      readonly detachKeys?: Uint8Array
    }
  /** The connection itself, for another protocol that the client has asked to go on with; `serve` settles at its end. */
  | {
      readonly kind: 'upgrade'
      readonly protocol: string
      readonly headers?: Readonly<Record<string, string>>
      readonly serve: (connection: Duplex) => Promise<void>
    }

export const empty = (status: number): Answer => ({ kind: 'empty', status })
export const json = (value: unknown, status = 200): Answer => ({ kind: 'json', status, value })

export const TAR = 'application/x-tar'
const RAW_STREAM = 'application/vnd.docker.raw-stream'
const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream'

/** Clients before 1.42 know one name for both; since then, it tells frames from the bytes of a terminal. */
export const streamType = (tty: boolean, minor: number): string =>
  !tty && minor >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM

import type { Digest } from '../image.ts'
import type { LeaveOut } from '../pack/leave-out.ts'
import type { Written } from './layer-writer.ts'

/** What the process that unpacks (process.ts) is told. One job at a time. */
export type ToUnpacker =
  | {
      readonly type: 'unpack'
      /** The layer's archive, maybe compressed; it may still be growing. */
      readonly blob: string
      /** An empty directory. */
      readonly directory: string
      /** The digest that the uncompressed archive has to have; without it any will do. */
      readonly diffId?: Digest
    }
  /** `size` bytes of the blob are there to read; `complete`: and there will be no more. */
  | { readonly type: 'available'; readonly size: number; readonly complete: boolean }
  | { readonly type: 'abandon' }
  | { readonly type: 'remove'; readonly directory: string }
  /** Counts the bytes of all files in a directory. */
  | { readonly type: 'measure'; readonly directory: string }
  | PackJob

/** Writes what is in the upper directory of an overlay to an archive. */
export interface PackJob {
  readonly type: 'pack'
  readonly directory: string
  /** A file that does not exist yet. */
  readonly archive: string
  /** Seconds since the epoch; no entry says that it is younger. */
  readonly latest?: number
  readonly leaveOut?: LeaveOut
}

/** What it says back. */
export type FromUnpacker =
  /** Bytes of the blob that have been unpacked. */
  | { readonly type: 'progress'; readonly current: number }
  | ({ readonly type: 'unpacked'; readonly diffId: Digest } & Written)
  | { readonly type: 'removed' }
  | { readonly type: 'measured'; readonly size: number }
  /** Of the archive, in bytes. */
  | { readonly type: 'packed'; readonly digest: Digest; readonly size: number }
  | { readonly type: 'failed'; readonly code: FailureCode; readonly message: string }

export type FailureCode =
  | 'IMAGE_DIGEST_MISMATCH'
  | 'IMAGE_LAYER_INVALID'
  | 'IMAGE_LAYER_TOO_LARGE'
  | 'IMAGE_UNPACK_FAILED'

import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import type { Engine } from '../api.ts'
import { invalid } from '../failures.ts'
import type { Answer } from './answer.ts'
import type { Query } from './query.ts'
import type { Parser } from './shapes.ts'

/** A request as handlers see it. */
export interface Call<Name extends string = string> {
  readonly engine: Engine
  /** The parts of the path in braces, decoded. */
  readonly params: Readonly<Record<Name, string>>
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  /** The minor version of the API that the client speaks. */
  readonly minor: number
  /** Aborts when the client goes away before it has its answer. */
  readonly signal: AbortSignal
  /** The body as it comes in, for what is no JSON. */
  readonly stream: Readable
  /** @throws TscomposeError ENGINE_REQUEST_INVALID */
  body<T>(parse: Parser<T>): Promise<T>
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
export type Handler<Name extends string = string> = (call: Call<Name>) => Promise<Answer> | Answer

export interface Route {
  readonly method: Method
  readonly pattern: string
  readonly handle: Handler
}

type ParamNames<Pattern> = Pattern extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamNames<Rest> : never

/** A row of a table of routes. `{name}` stands for one or more characters, slashes too: image names have them. */
export const route = <Pattern extends string>(
  method: Method,
  pattern: Pattern,
  handle: Handler<ParamNames<Pattern>>,
): Route => ({ method, pattern, handle: handle as Handler })

export interface Match {
  readonly handle: Handler
  readonly params: Record<string, string>
}

/**
 * Finds the route of a request in tables of routes; of those that match, the first one counts.
 * @returns a function that takes a method and a path without version, percent-encoded, and
 * @throws TscomposeError ENGINE_ENDPOINT_NOT_FOUND, ENGINE_REQUEST_INVALID
 */
export function routerOf(...tables: (readonly Route[])[]): (method: string, path: string) => Match {
  const rows = new Map<string, { readonly pattern: RegExp; readonly handle: Handler }[]>()
  for (const { method, pattern, handle } of tables.flat()) {
    const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>.+)')}$`, 's')
    rows.set(method, [...(rows.get(method) ?? []), { pattern: expression, handle }])
  }
  return (method, path) => {
    const decoded = decode(path)
    for (const { pattern, handle } of rows.get(method) ?? []) {
      const match = pattern.exec(decoded)
      if (match) return { handle, params: { ...match.groups } }
    }
    throw new TscomposeError('ENGINE_ENDPOINT_NOT_FOUND', 'page not found')
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw invalid(`invalid path: ${path}`)
  }
}

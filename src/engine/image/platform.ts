import type { Platform } from '../../image/image.ts'
import { invalid } from '../failures.ts'

/** `linux/arm64/v8` */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split('/')
  if (!os || !architecture || rest.length > 0) throw invalid(`invalid platform: ${text}`)
  return { os, architecture, ...(variant && { variant }) }
}

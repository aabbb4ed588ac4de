/** Characters by their code, as `charCodeAt` gives them, and the classes that YAML 1.1 puts them in. */
export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32
export const HASH = 35
export const COLON = 58
export const DASH = 45
export const QUESTION = 63
export const COMMA = 44
export const DOT = 46
export const DOUBLE_QUOTE = 34
export const SINGLE_QUOTE = 39
export const BACKSLASH = 92

export const isBreak = (code: number): boolean => code === LF || code === CR
/** Space, tab, line break or end of the text (for which charCodeAt gives NaN). */
export const isBlank = (code: number): boolean =>
  code === SPACE || code === TAB || code === LF || code === CR || Number.isNaN(code)
export const isFlowIndicator = (code: number): boolean =>
  code === COMMA || code === 91 || code === 93 || code === 123 || code === 125

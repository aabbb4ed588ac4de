/**
 * Variable references in texts: `$V`, `${V}` and the operators `:-` `-` `:?` `?` `:+` `+`, whose right sides are
 * templates again. Only the branch that is taken is evaluated.
 */

/** The value of a variable, undefined if it is not set. */
export type Lookup = (name: string) => string | undefined

export interface TemplateProblem {
  /** Offset in the template. */
  readonly at: number
  readonly kind: 'invalid' | 'required'
  readonly message: string
  /** The malformed template. */
  readonly template?: string
}

export class TemplateError extends Error {
  readonly problem: TemplateProblem
  constructor(problem: TemplateProblem) {
    super(problem.message)
    this.problem = problem
  }
}

export interface TemplateListener {
  /** A variable without a default was not set. */
  unset?(name: string, at: number): void
}

/** Deeper nesting than anybody writes; bounds the work on hostile templates. */
const MAX_NESTING = 100

export type Operator = ':-' | '-' | ':?' | '?' | ':+' | '+'

/** One reference in a template, from `start` to before `end`. */
export interface Reference {
  readonly name: string
  readonly operator?: Operator
  /** Right side of the operator, and where it begins. */
  readonly operand: string
  readonly operandAt: number
  readonly end: number
}

const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y
const OPERATOR = /:?[-+?]/y

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/**
 * Reads the reference at a `$`.
 * @returns undefined if the dollar stands for itself, 'escaped' for `$$`
 * @throws TemplateError for `${` that begins no reference
 */
export function referenceAt(text: string, start: number): Reference | 'escaped' | undefined {
  if (text[start + 1] === '$') return 'escaped'
  if (text[start + 1] !== '{') {
    const name = matchAt(NAME, text, start + 1)
    return name === undefined ? undefined : { name, operand: '', operandAt: 0, end: start + 1 + name.length }
  }
  const name = matchAt(NAME, text, start + 2) ?? invalid(text, start)
  const after = start + 2 + name.length
  if (text[after] === '}') return { name, operand: '', operandAt: after, end: after + 1 }
  const operator = matchAt(OPERATOR, text, after) ?? invalid(text, start)
  const operandAt = after + operator.length
  const close = closingBrace(text, start)
  if (close < operandAt) invalid(text, start)
  return { name, operator: operator as Operator, operand: text.slice(operandAt, close), operandAt, end: close + 1 }
}

function invalid(template: string, at: number): never {
  throw new TemplateError({ at, kind: 'invalid', message: `Invalid template: ${JSON.stringify(template)}`, template })
}

/**
 * Where the reference that begins at `start` ends. Braces are counted, so that a default may hold `{"k":"v"}`; where
 * they do not balance, the last brace of the line closes. As in the original, the character after `{` is not looked at.
 */
function closingBrace(text: string, start: number): number {
  let open = 0
  let last = -1
  for (let at = start; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '}') {
      last = at
      if (--open === 0) return at
    } else if (text[at] === '{') {
      open++
      if (text[at + 1] === '}') last = at + 1
      if (text[at + 1] !== '\n') at++
    }
  }
  return last
}

/** @throws TemplateError for a malformed reference, and for a required variable that is not set */
export function substitute(template: string, lookup: Lookup, listener: TemplateListener = {}): string {
  return new Substitution(lookup, listener).run(template, 0, 0)
}

class Substitution {
  readonly #lookup: Lookup
  readonly #listener: TemplateListener

  constructor(lookup: Lookup, listener: TemplateListener) {
    this.#lookup = lookup
    this.#listener = listener
  }

  run(template: string, base: number, depth: number): string {
    let dollar = template.indexOf('$')
    if (dollar < 0) return template
    if (depth > MAX_NESTING) invalid(template, base)
    let result = ''
    let from = 0
    for (; dollar >= 0; dollar = template.indexOf('$', from)) {
      result += template.slice(from, dollar)
      const reference = this.#reference(template, dollar, base)
      if (reference === undefined || reference === 'escaped') {
        result += '$'
        from = dollar + (reference ? 2 : 1)
      } else {
        result += this.#evaluate(reference, base + dollar, base + reference.operandAt, depth)
        from = reference.end
      }
    }
    return result + template.slice(from)
  }

  #reference(template: string, dollar: number, base: number): ReturnType<typeof referenceAt> {
    try {
      return referenceAt(template, dollar)
    } catch (error) {
      if (base > 0 && error instanceof TemplateError)
        throw new TemplateError({ ...error.problem, at: base + error.problem.at })
      throw error
    }
  }

  #evaluate({ name, operator, operand }: Reference, at: number, operandAt: number, depth: number): string {
    const value = this.#lookup(name)
    const present = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    switch (operator) {
      case undefined:
        if (value === undefined) this.#listener.unset?.(name, at)
        return value ?? ''
      case ':-':
      case '-':
        return present ? (value ?? '') : this.run(operand, operandAt, depth + 1)
      case ':+':
      case '+':
        return present ? this.run(operand, operandAt, depth + 1) : (value ?? '')
      default: {
        if (present) return value ?? ''
        const reason = this.run(operand, operandAt, depth + 1)
        throw new TemplateError({
          at,
          kind: 'required',
          message: `required variable ${name} is missing a value${reason && `: ${reason}`}`,
        })
      }
    }
  }
}

import { messageOf, type Where } from '../../errors.ts'
import { type ExpandOptions, type Expansion, expand, type Variables } from './expand.ts'
import { invalid } from './lines.ts'

/** {@link expand}, with the place in the file in what it throws. */
export function expandAt(where: Where, text: string, variables: Variables, options: ExpandOptions): Expansion {
  try {
    return expand(text, variables, options)
  } catch (error) {
    return invalid(where, messageOf(error))
  }
}

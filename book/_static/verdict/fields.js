// How many fields would you need? The word, its interval and the power, for a bias and a spread that are assumed.
import { decide, furtherAcquisitions, interval, powerToFail, powerToHold, toScale } from "./judge.js";

/**
 * What n fields would say, were the mean error exactly `bias` and the spread of single fields `spread` (of log ratios).
 *
 * Both and `tolerance` (one side of a band around 0) are fractions, n is 2 or more. Gives the word with its reason, the
 * 90 % interval, the power of n new fields to say HOLDS and FAILS, and the fields that give 80 % power (a number or
 * "more than 1,000"), for HOLDS where the bias lies inside the tolerance, else for FAILS.
 */
export function fieldsNeeded({ tolerance, n, bias, spread }) {
  const edges = [-tolerance, tolerance], centre = toScale(1 + bias), ends = interval(centre, spread, n);
  const scaled = edges.map((edge) => toScale(1 + edge));
  const { word, reason } = decide({ bias, ends, sd: spread, n, scope: "population", tolerance: edges, uncertainty: null });
  const further = furtherAcquisitions(centre, spread, 1, scaled, scaled, [5, 2]);
  const power = n < 5 ? 0 : powerToHold(centre, spread, n, scaled); // fewer than five may not say HOLDS
  return {
    word, reason, interval: ends, toHold: power, toFail: powerToFail(centre, spread, n, scaled),
    needed: typeof further === "number" ? 1 + further : further, wanted: scaled[0] < centre && centre < scaled[1] ? "HOLDS" : "FAILS",
  };
}

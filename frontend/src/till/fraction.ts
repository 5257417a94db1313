/** Exact fractions of whole numbers: what rates and shares are reckoned in, so that no float ever touches money. */
export class Fraction {
  private constructor(
    readonly over: bigint,
    /** Always positive. */
    readonly under: bigint,
  ) {}

  static of(over: number | bigint, under: number | bigint = 1n): Fraction {
    const below = BigInt(under);
    return below < 0n ? new Fraction(-BigInt(over), -below) : new Fraction(BigInt(over), below);
  }

  /** A decimal as the API's JSON writes it (`4100`, `1.0835`). */
  static decimal(text: string): Fraction {
    const [whole = '0', decimals = ''] = text.split('.');
    return Fraction.of(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
  }

  plus(other: Fraction): Fraction {
    return Fraction.of(this.over * other.under + other.over * this.under, this.under * other.under);
  }

  minus(other: Fraction): Fraction {
    return this.plus(Fraction.of(-other.over, other.under));
  }

  times(other: Fraction): Fraction {
    return Fraction.of(this.over * other.over, this.under * other.under);
  }

  by(other: Fraction): Fraction {
    return Fraction.of(this.over * other.under, this.under * other.over);
  }

  /** Negative, zero or positive, as the difference is. */
  compare(other: Fraction): number {
    const difference = this.over * other.under - other.over * this.under;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  /** To a whole number, halves away from zero. */
  halfUp(): number {
    const size = this.over < 0n ? -this.over : this.over;
    const rounded = Number((2n * size + this.under) / (2n * this.under));
    return this.over < 0n && rounded !== 0 ? -rounded : rounded;
  }

  /** To a whole number, down; of what is not negative. */
  floor(): number {
    return Number(this.over / this.under);
  }

  /** To a whole number, up; of what is not negative. */
  ceil(): number {
    return Number((this.over + this.under - 1n) / this.under);
  }
}

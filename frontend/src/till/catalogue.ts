/** The catalogue as the till keeps it: all products of the branch in memory, found by barcode or by any words. */

import type { CategoryAnswer, ProductAnswer } from '@/api';
import { toMinor } from '@/money';
import type { Minor } from '@/money';

export interface Product {
  id: string;
  name: string;
  sku: string | null;
  barcode: string | null;
  categoryId: string | null;
  taxRateBp: number;
  eeeCategory: string | null;
  weightGrams: number | null;
  priceMinor: Minor;
  currency: string;
  isOpenPrice: boolean;
  unit: 'PIECE' | 'KILOGRAM';
  isFavourite: boolean;
  isActive: boolean;
}

export interface Category {
  id: string;
  name: string;
  position: number;
  colour: string | null;
}

export function productOf(told: ProductAnswer): Product {
  return {
    id: told.id,
    name: told.name,
    sku: told.sku,
    barcode: told.barcode,
    categoryId: told.categoryId,
    taxRateBp: Math.round(told.taxRate * 100),
    eeeCategory: told.eeeCategory,
    weightGrams: told.weightGrams,
    priceMinor: toMinor(told.price, told.currency),
    currency: told.currency,
    isOpenPrice: told.isOpenPrice,
    unit: told.unit,
    isFavourite: told.isFavourite,
    isActive: told.isActive,
  };
}

export function categoryOf(told: CategoryAnswer): Category {
  return { id: told.id, name: told.name, position: told.position, colour: told.colour };
}

/** Lower case without the accents of Latin letters; vowels of other scripts are marks too, and stay. */
export function plainWords(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll('œ', 'oe')
    .toLowerCase();
}

export class Catalogue {
  readonly products: readonly Product[];
  private readonly byId: Map<string, Product>;
  private readonly byBarcode = new Map<string, Product>();
  private readonly texts: string[];

  constructor(
    all: readonly Product[],
    readonly categories: readonly Category[],
    readonly currency: string,
  ) {
    this.byId = new Map(all.map((product) => [product.id, product]));
    this.products = all
      .filter((product) => product.isActive && product.currency === currency)
      .sort((a, b) => Number(b.isFavourite) - Number(a.isFavourite) || a.name.localeCompare(b.name));
    for (const product of this.products) {
      for (const code of [product.sku, product.barcode]) if (code !== null) this.byBarcode.set(code, product);
    }
    this.texts = this.products.map((one) => plainWords(`${one.name} ${one.sku ?? ''} ${one.barcode ?? ''}`));
  }

  get usesEee(): boolean {
    return this.products.some((product) => product.eeeCategory !== null);
  }

  product(id: string): Product | undefined {
    return this.byId.get(id);
  }

  /** A barcode, or else a SKU; scanners of EAN-13 send a leading zero for UPC-A, or leave it out. */
  scanned(code: string): Product | undefined {
    return (
      this.byBarcode.get(code) ?? this.byBarcode.get(`0${code}`) ?? this.byBarcode.get(code.replace(/^0/, ''))
    );
  }

  /** At most `limit` products that have all these words, and how many there are; favourites come first. */
  found(
    words: string,
    where: 'all' | 'favourites' | { categoryId: string },
    limit: number,
  ): [Product[], number] {
    const wanted = plainWords(words).split(/\s+/).filter(Boolean);
    const found: Product[] = [];
    let count = 0;
    this.products.forEach((product, index) => {
      if (where === 'favourites' && !product.isFavourite) return;
      if (typeof where === 'object' && product.categoryId !== where.categoryId) return;
      const text = this.texts[index] ?? '';
      if (!wanted.every((word) => text.includes(word))) return;
      count += 1;
      if (found.length < limit) found.push(product);
    });
    return [found, count];
  }
}

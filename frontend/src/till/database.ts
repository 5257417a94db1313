/** What the till keeps in the browser, so that it outlives a reload and a lost network. */

import Dexie from 'dexie';
import type { EntityTable } from 'dexie';

import type { FinalizeSale } from '@/api';
import type { Minor } from '@/money';

import type { Cart } from './cart';
import type { Category, Product } from './catalogue';
import type { Provisional } from './provisional';

/** A sale that the API has not confirmed yet. */
export interface QueuedSale {
  position: number;
  id: string;
  branchId: string;
  userId: string;
  userName: string;
  body: FinalizeSale;
  currency: string;
  dueMinor: Minor;
  /** Names of the goods, for people. */
  items: string[];
  madeAt: string;
  /** What the customer is shown while the sale has no number yet. */
  receipt?: Provisional;
  state: 'WAITING' | 'REFUSED';
  refusal: { code: string; message: string } | null;
}

export interface ParkedCart {
  id: string;
  branchId: string;
  userId: string;
  cart: Cart;
  currency: string;
  parkedAt: string;
}

export interface KeptCart {
  userId: string;
  cart: Cart;
}

export interface CatalogueState {
  branchId: string;
  /** The API's products were asked for then; later only for what has changed since. */
  askedAt: string;
}

export interface SetAside {
  id: string;
  sale: QueuedSale;
  reason: string;
  by: string;
  at: string;
}

/** A cart of the API that was taken up here and will not be sold: the API is told when it can be reached. */
export interface GivenUp {
  id: string;
  userId: string;
}

export class TillDatabase extends Dexie {
  products!: EntityTable<Product, 'id'>;
  categories!: EntityTable<Category, 'id'>;
  catalogue!: EntityTable<CatalogueState, 'branchId'>;
  carts!: EntityTable<KeptCart, 'userId'>;
  parked!: EntityTable<ParkedCart, 'id'>;
  sales!: EntityTable<QueuedSale, 'position'>;
  setAside!: EntityTable<SetAside, 'id'>;
  givenUp!: EntityTable<GivenUp, 'id'>;

  constructor(name = 'tillvault') {
    super(name);
    this.version(1).stores({
      products: 'id',
      categories: 'id',
      catalogue: 'branchId',
      carts: 'userId',
      parked: 'id',
      sales: '++position, &id',
      setAside: 'id',
    });
    this.version(2).stores({ givenUp: 'id' });
  }
}

export const database = new TillDatabase();

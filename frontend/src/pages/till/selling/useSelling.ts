import { notifications } from '@mantine/notifications';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Me } from '@/api';
import { useSentence } from '@/components/useSentence';
import { ApiError } from '@/http';
import { reachesApi } from '@/state/online';
import { useFreshCatalogue } from '@/state/queries/catalogue';
import type { Drawer } from '@/state/queries/drawer';
import { priced, repriced, saleOf } from '@/till/cart';
import type { Cart } from '@/till/cart';
import { provisionalOf } from '@/till/provisional';
import { carts, queue } from '@/till/selling';
import type { Branch } from '@/till/selling';
import { settle } from '@/till/settlement';
import type { Tender, Terms } from '@/till/settlement';

import type { Made } from './SaleDone';

/** How long a customer waits for the receipt's number before the sale is left to the queue. */
const PATIENCE_MS = 4_000;
/** Where the last request found no network; it may be back. */
const PATIENCE_OFFLINE_MS = 1_200;

interface Place {
  me: Me;
  branch: Branch;
  drawer: Drawer | null;
  terms: Terms;
}

/** Making the sale: kept first, then sent; an answer, a refusal or silence, and never twice. */
export function useSelling({ me, branch, drawer, terms }: Place) {
  const { t } = useTranslation();
  const sentence = useSentence();
  const fresh = useFreshCatalogue({ branchId: branch.id, currency: branch.baseCurrency });
  const [isBusy, setIsBusy] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);

  /** Whether the payment dialog can go. */
  const pay = async (cart: Cart, tenders: Tender[], changeCurrency: string | null): Promise<boolean> => {
    if (isBusy) return false;
    setIsBusy(true);
    setRefusal(null);
    try {
      const { dueMinor } = priced(cart);
      const settled = settle(dueMinor, tenders, terms, changeCurrency);
      const now = new Date();
      await queue.add({
        id: cart.id,
        branchId: branch.id,
        userId: me.user.id,
        userName: me.user.name,
        body: saleOf(cart, {
          tenders,
          changeCurrency,
          sessionId: drawer?.id ?? null,
          occurredAt: now,
          currency: terms.base,
        }),
        currency: terms.base,
        dueMinor,
        items: cart.lines.map((line) => line.name),
        madeAt: now.toISOString(),
        receipt: provisionalOf(cart, settled, {
          currency: terms.base,
          place: [branch.name, me.register?.name].filter(Boolean).join(' · '),
          cashier: me.user.name,
          madeAt: now,
        }),
      });
      const outcome = await queue.drainFor(
        me.user.id,
        cart.id,
        reachesApi() ? PATIENCE_MS : PATIENCE_OFFLINE_MS,
      );
      if (outcome.kind === 'refused') {
        // The customer still stands there: back to the cart, which nothing was recorded of.
        await queue.takeBack(cart.id);
        carts.set(cart);
        setRefusal(await correct(cart, outcome.code, outcome.message));
        return false;
      }
      carts.next();
      setMade({
        id: cart.id,
        dueMinor,
        currency: terms.base,
        settled,
        sale: outcome.kind === 'sent' ? outcome.sale : null,
      });
      return true;
    } catch (error) {
      // The device could not keep the sale: nothing was sent, and nobody may think that it was.
      setRefusal(sentence(error));
      return false;
    } finally {
      setIsBusy(false);
    }
  };

  const correct = async (cart: Cart, code: string, message: string): Promise<string> => {
    const said = sentence(new ApiError(400, code, message, {}));
    if (code === 'CART_NOT_OPEN' || code === 'CART_NOT_FOUND') {
      // What stands in front of the customer can be sold all the same: by whoever has read this, not by itself.
      carts.set({ ...cart, cartId: null });
      return t('selling.pay.cartGone');
    }
    if (code !== 'PRICE_NOT_ALLOWED' && code !== 'PRODUCT_NOT_SELLABLE') return said;
    const catalogue = await fresh().catch(() => null);
    if (catalogue === null) return said;
    const now = repriced(cart, (id) => catalogue.product(id));
    if (now.changed.length === 0) return said;
    carts.set(now.cart);
    return t('selling.pay.pricesChanged', { names: now.changed.join(', ') });
  };

  const unknownCode = useCallback(
    (code: string) => {
      notifications.show({ message: t('selling.goods.unknownCode', { code }), color: 'red' });
    },
    [t],
  );

  return {
    pay,
    isBusy,
    made,
    refusal,
    unknownCode,
    next: () => {
      setMade(null);
    },
    forgetRefusal: () => {
      setRefusal(null);
    },
  };
}

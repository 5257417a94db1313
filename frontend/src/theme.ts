import { createTheme, localStorageColorSchemeManager } from '@mantine/core';
import type { CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';

/** Bottle green on warm paper: calm for eight hours, unlike the blue of everything else on the counter. */
const pine: MantineColorsTuple = [
  '#eaf5f1',
  '#d3e8e0',
  '#a6d1c3',
  '#76b8a4',
  '#4fa28a',
  '#358f77',
  '#1f7a66',
  '#14655a',
  '#0f4a42',
  '#0a352f',
];
/** Brass, for what wants to be seen without being wrong. */
const brass: MantineColorsTuple = [
  '#fdf6e7',
  '#f8e9c8',
  '#f1d394',
  '#eabd5e',
  '#e3aa35',
  '#c98f1e',
  '#a87414',
  '#865a10',
  '#65440f',
  '#47300c',
];
/** Greys with a little of the paper's warmth. */
const gray: MantineColorsTuple = [
  '#faf8f4',
  '#f3f0e9',
  '#e7e2d8',
  '#d6d0c3',
  '#b9b2a3',
  '#8f897c',
  '#69645a',
  '#4d4942',
  '#34312c',
  '#201e1b',
];
const dark: MantineColorsTuple = [
  '#e9ece9',
  '#cdd4d0',
  '#a9b3ae',
  '#7d8984',
  '#4f5b57',
  '#36423e',
  '#25302d',
  '#1b2422',
  '#131b19',
  '#0c1211',
];

export const theme = createTheme({
  colors: { pine, brass, gray, dark },
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  // Where black and white stand out equally (WCAG 2.2, contrast ratio).
  luminanceThreshold: 0.18,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily:
    // Khmer first, although it has no other letters to give: Chromium never paints anew the first word that asks for a
    // font further back, and leaves boxes in its place.
    "'Noto Sans Khmer', Seravek, 'Gill Sans Nova', Ubuntu, Calibri, 'DejaVu Sans', 'Khmer OS', source-sans-pro, sans-serif",
  headings: { fontWeight: '650' },
  components: {
    Button: {
      defaultProps: { size: 'md' },
      styles: { root: { minHeight: 44 }, label: { whiteSpace: 'normal' } },
    },
    ActionIcon: { defaultProps: { size: 44, variant: 'subtle' } },
    TextInput: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
    Textarea: { defaultProps: { size: 'md' } },
    NumberInput: { defaultProps: { size: 'md' } },
    Select: { defaultProps: { size: 'md' } },
    SegmentedControl: { defaultProps: { size: 'md' } },
    Card: { defaultProps: { withBorder: true, padding: 'lg' } },
    Modal: { defaultProps: { centered: true }, styles: { close: { width: 44, height: 44 } } },
    // It goes by itself, and can be read again in the report: a button more would only be in the way.
    Notification: { defaultProps: { withCloseButton: false } },
    Burger: { styles: { root: { width: 44, height: 44 } } },
    Loader: { defaultProps: { type: 'dots' } },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#faf8f4',
    '--mantine-color-text': '#201e1b',
    '--mantine-color-dimmed': '#5f5a51',
    '--mantine-color-default': '#fffdf9',
    '--till-surface': '#fffdf9',
  },
  dark: {
    '--mantine-color-body': '#131b19',
    '--mantine-color-dimmed': '#a9b3ae',
    '--till-surface': '#1b2422',
  },
});

/** The key that `boot.js` reads before the first paint. */
export const colorScheme = localStorageColorSchemeManager({ key: 'tillvault.scheme' });

import { updateProperties } from '../support/update-properties.js';

updateProperties(4);
